/** @file Assembles the body of a WebAssembly function: expressions, locals, structured control flow. */
import { Bytes } from "./bytes.ts";
import type { ModuleBuilder } from "./moduleBuilder.ts";
import { lanes, memory, memoryLanes, plain, simd, types, type ValueType } from "./opcodes.ts";

type Plain = keyof typeof plain;
type Simd = keyof typeof simd;

/** An expression: pushes one value. It may run several times where it is cheap (a local, a constant). */
export type Value = (f: FunctionBuilder) => void;

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A local variable; as a `Value` it pushes what it holds. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
  readonly get: Value;
}

/** The body of one function. */
export class FunctionBuilder {
  readonly module: ModuleBuilder;
  readonly signature: Signature;
  readonly params: readonly Local[];
  readonly #code = new Bytes();
  readonly #locals: ValueType[] = [];
  /** Places of function numbers, known only when all imports are: five bytes each. */
  readonly #calls: { readonly at: number; readonly target: number }[] = [];
  /** Vectors that stand in loops, by their bytes: locals that the function sets first. */
  readonly #constants = new Map<string, { readonly local: Local; readonly bytes: Uint8Array }>();
  /** Loops that are open. */
  #depth = 0;

  constructor(module: ModuleBuilder, signature: Signature) {
    this.module = module;
    this.signature = signature;
    this.params = signature.params.map((type, index) => makeLocal(index, type));
  }

  local(type: ValueType): Local {
    this.#locals.push(type);
    return makeLocal(this.signature.params.length + this.#locals.length - 1, type);
  }

  /** Computes `value` once and keeps it. */
  keep(type: ValueType, value: Value): Local {
    const local = this.local(type);
    this.set(local, value);
    return local;
  }

  /** Computes a vector once: its value may then be used any number of times. */
  let(value: Value): Value {
    return this.keep("v128", value).get;
  }

  set({ index }: Local, value: Value): void {
    value(this);
    this.#code.byte(0x21);
    this.#code.u32(index);
  }

  get(index: number): void {
    this.#code.byte(0x20);
    this.#code.u32(index);
  }

  plain(name: Plain): void {
    this.#code.byte(plain[name]);
  }

  simd(name: Simd): void {
    this.#code.byte(0xfd);
    this.#code.u32(simd[name]);
  }

  /** Pushes x * y + z, in one rounding where the module may. */
  multiplyAdd(x: Value, y: Value, z: Value): void {
    x(this);
    y(this);
    if (!this.module.relaxed) this.simd("f32x4.mul");
    z(this);
    this.simd(this.module.relaxed ? "f32x4.relaxed_madd" : "f32x4.add");
  }

  lane(name: keyof typeof lanes, lane: number): void {
    this.#code.byte(0xfd);
    this.#code.u32(lanes[name]);
    this.#code.byte(lane);
  }

  /** Bytes of two vectors, the second's numbered from 16. */
  shuffle(bytes: readonly number[]): void {
    this.#code.byte(0xfd);
    this.#code.u32(13);
    this.#code.bytes(bytes);
  }

  /** A load or store at the address on the stack plus `offset` bytes. */
  memory(name: keyof typeof memory, offset = 0): void {
    const [opcode, isSimd] = memory[name];
    if (isSimd) this.#code.byte(0xfd);
    this.#code.byte(opcode);
    // Alignment is a hint; nothing is promised.
    this.#code.byte(0);
    this.#code.u32(offset);
  }

  memoryLane(name: keyof typeof memoryLanes, lane: number, offset = 0): void {
    this.#code.byte(0xfd);
    this.#code.u32(memoryLanes[name]);
    this.#code.byte(0);
    this.#code.u32(offset);
    this.#code.byte(lane);
  }

  i32(value: number): void {
    this.#code.byte(0x41);
    this.#code.i32(value);
  }

  f32(value: number): void {
    this.#code.byte(0x43);
    this.#code.f32(value);
  }

  f64(value: number): void {
    this.#code.byte(0x44);
    this.#code.f64(value);
  }

  /** A vector of four floats, or of four words where `word`. */
  v128(values: readonly number[], word: boolean): void {
    const words = new Int32Array(word ? values : new Float32Array(values).buffer);
    const bytes = new Uint8Array(words.buffer);
    // All zeros or ones take no longer than reading a register.
    const isPlain = words.every((bits) => bits === words[0] && (bits === 0 || bits === -1));
    if (this.#depth === 0 || isPlain) writeVector(this.#code, bytes);
    else this.#constant(bytes).get(this);
  }

  /** Set once: V8 makes a vector anew, by three instructions, wherever it is written down. */
  #constant(bytes: Uint8Array): Local {
    const key = bytes.join();
    const constant = this.#constants.get(key) ?? { local: this.local("v128"), bytes };
    this.#constants.set(key, constant);
    return constant.local;
  }

  /** Numbers between i32 and f64: `i32.trunc_sat_f64_s` and `_u`. */
  truncate(signed: boolean): void {
    this.#code.bytes([0xfc, signed ? 2 : 3]);
  }

  /** Calls what `define`, `helper` or `importIndex` gave. */
  call(target: number): void {
    this.#code.byte(0x10);
    this.#calls.push({ at: this.#code.length, target });
    this.#code.bytes([0x80, 0x80, 0x80, 0x80, 0]);
  }

  /** `body` where `condition` (an i32) is not 0, else `otherwise`; both push `result`, if there is one. */
  if(condition: Value, body: () => void, otherwise?: () => void, result?: ValueType): void {
    condition(this);
    this.#code.byte(0x04);
    this.#code.byte(result ? types[result] : 0x40);
    body();
    if (otherwise) {
      this.#code.byte(0x05);
      otherwise();
    }
    this.#code.byte(0x0b);
  }

  /** `body` for counter = from, from + step, ... while it is below `to` (signed); `to` is computed in every turn. */
  loop(counter: Local, from: Value, to: Value, step: number, body: () => void): void {
    this.set(counter, from);
    const below: Value = () => {
      counter.get(this);
      to(this);
      this.plain("i32.lt_s");
    };
    this.if(below, () => {
      this.#code.byte(0x03);
      this.#code.byte(0x40);
      this.#depth++;
      body();
      this.#depth--;
      this.set(counter, () => {
        counter.get(this);
        this.i32(step);
        this.plain("i32.add");
      });
      below(this);
      this.#code.byte(0x0d);
      this.#code.byte(0);
      this.#code.byte(0x0b);
    });
  }

  /** The function as it stands in the code section; `indexOf` numbers what it calls. */
  finish(indexOf: (target: number) => number): Bytes {
    for (const { at, target } of this.#calls) this.#code.patch(at, indexOf(target));
    const all = new Bytes();
    all.u32(this.#locals.length);
    for (const type of this.#locals) {
      all.byte(1);
      all.byte(types[type]);
    }
    for (const { local, bytes } of this.#constants.values()) {
      writeVector(all, bytes);
      all.byte(0x21);
      all.u32(local.index);
    }
    all.bytes(this.#code.data);
    all.byte(0x0b);
    return all;
  }
}

function writeVector(code: Bytes, bytes: Uint8Array): void {
  code.byte(0xfd);
  code.u32(12);
  code.bytes(bytes);
}

function makeLocal(index: number, type: ValueType): Local {
  return { index, type, get: (f) => f.get(index) };
}

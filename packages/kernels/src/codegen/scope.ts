/** @file Emission of scalar programs: each step becomes a `let` in the outermost block that has what it depends on, on demand. */
import type { Instr, Store } from "../ir/kernel.ts";
import type { ScalarOpName } from "../ir/scalarOps.ts";
import { type BoundArray, loadText, orText, storeText } from "./access.ts";
import type { Analysis } from "./analysis.ts";
import { scalarWgsl } from "./scalarWgsl.ts";
import { convertBits, type Lanes, literal, scalarOf, typeName } from "./types.ts";

/** Names in the surrounding kernel of what the sources of a program mean. */
export interface Sources {
  readonly bindings: readonly BoundArray[];
  /** First param word of the kernel. */
  readonly paramBase: number;
  readonly laneAxis: number;
  axis(axis: number): string;
  stage(stage: number): string;
  readonly acc: string;
}

/** `value`: all lanes of the step. `first`: lane 0 alone, for indices of vector accesses. */
export type Form = "value" | "first";

/** Finds the text of a step that belongs to an enclosing block. */
export type Outer = (id: number, form: Form) => string;

/** Word `word` of the params as u32. */
export function paramWord(word: number): string {
  return `params[${word >> 2}].${"xyzw"[word & 3]}`;
}

/** A block of statements and the steps emitted into it. */
export class Scope {
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #analysis: Analysis;
  readonly #sources: Sources;
  readonly #owns: (id: number) => boolean;
  readonly #outer: Outer;

  /** Steps that `owns` denies are asked of `outer`. */
  constructor(
    analysis: Analysis,
    sources: Sources,
    owns: (id: number) => boolean = () => true,
    outer: Outer = () => "",
  ) {
    this.#analysis = analysis;
    this.#sources = sources;
    this.#owns = owns;
    this.#outer = outer;
  }

  /** Lanes of a step's `value` text. */
  lanesOf(id: number): Lanes {
    return this.#analysis.varies[id] ? 4 : 1;
  }

  /** Text of a step: a name or literal. */
  get(id: number, form: Form = "value"): string {
    const instr = this.#instr(id);
    if (instr.op === "const") return literal(scalarOf(instr.dtype), instr.value!);
    if (!this.#owns(id)) return this.#outer(id, form);
    const shape: Form = this.lanesOf(id) === 1 ? "value" : form;
    const key = `${shape}${id}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#emit(id, instr, shape);
    this.#names.set(key, name);
    return name;
  }

  /** Text of a step with exactly `lanes` lanes. */
  splat(id: number, lanes: Lanes): string {
    const text = this.get(id);
    return lanes === this.lanesOf(id) ? text : `${typeName(scalarOf(this.#instr(id).dtype), lanes)}(${text})`;
  }

  /** Statements of a store; the steps it needs are emitted into `lines` before. */
  store(store: Store, mask?: string): string[] {
    const array = this.#sources.bindings[store.binding]!;
    const vector = store.access === "vector" && this.#analysis.lanes === 4;
    const index = vector
      ? { text: this.get(store.index, "first"), lanes: 1 as const }
      : { text: this.get(store.index), lanes: this.lanesOf(store.index) };
    const lanes = vector ? 4 : this.lanesOf(store.value);
    const type = scalarOf(this.#instr(store.value).dtype);
    const value = { text: this.splat(store.value, lanes), type, lanes, mask };
    return store.op === "or" ? orText(array, index, value) : storeText(array, index, value, vector);
  }

  #instr(id: number): Instr {
    return this.#analysis.code[id]!;
  }

  #emit(id: number, instr: Instr, form: Form): string {
    const text = this.#text(id, instr, form);
    if (/^\w+$/.test(text)) return text;
    const name = `${form === "first" ? "c" : "v"}${id}`;
    this.lines.push(`let ${name} = ${text};`);
    return name;
  }

  #text(id: number, instr: Instr, form: Form): string {
    if (instr.op === "param") {
      return convertBits(paramWord(this.#sources.paramBase + instr.value!), "u32", scalarOf(instr.dtype), 1);
    }
    if (instr.op === "axis") return this.#axis(instr.value!, form);
    if (instr.op === "stage" || instr.op === "acc") {
      const name = instr.op === "acc" ? this.#sources.acc : this.#sources.stage(instr.value!);
      return form === "first" && this.lanesOf(id) === 4 ? `${name}.x` : name;
    }
    return instr.op === "load" ? this.#load(id, instr, form) : this.#operation(id, instr, form);
  }

  #axis(axis: number, form: Form): string {
    const first = this.#sources.axis(axis);
    const wide = form === "value" && this.#analysis.lanes === 4 && axis === this.#sources.laneAxis;
    return wide ? `vec4<i32>(${first}) + vec4<i32>(0, 1, 2, 3)` : first;
  }

  #load(id: number, instr: Instr, form: Form): string {
    const array = this.#sources.bindings[instr.value!]!;
    const index = instr.args[0]!;
    const vector = instr.access === "vector" && this.#analysis.lanes === 4 && form === "value";
    if (vector || (form === "first" && this.lanesOf(id) === 4)) {
      return loadText(array, { text: this.get(index, "first"), lanes: 1 }, instr.dtype, vector);
    }
    return loadText(array, { text: this.get(index), lanes: this.lanesOf(index) }, instr.dtype, false);
  }

  #operation(id: number, instr: Instr, form: Form): string {
    const lanes = form === "value" ? this.lanesOf(id) : 1;
    const isFirst = form === "first" || instr.uniform;
    const args = instr.args.map((arg) => (isFirst ? this.get(arg, "first") : this.splat(arg, lanes)));
    const from = scalarOf(this.#instr(instr.args[instr.args.length - 1]!).dtype);
    const text = scalarWgsl[instr.op as ScalarOpName]({
      name: instr.op,
      args,
      from,
      to: scalarOf(instr.dtype),
      lanes,
    });
    return instr.op === "threefry0" || instr.op === "threefry1" ? this.#shareDraw(text) : text;
  }

  /** One call gives both words of a draw: threefry0 and threefry1 of equal arguments read one variable. */
  #shareDraw(text: string): string {
    const call = text.slice(0, text.lastIndexOf("."));
    let name = this.#names.get(call);
    if (name === undefined) {
      name = `draw${this.lines.length}`;
      this.#names.set(call, name);
      this.lines.push(`let ${name} = ${call};`);
    }
    return `${name}${text.slice(call.length)}`;
  }
}

/** @file One WebAssembly module per program: its kernels as functions, and what they read of each call. */
import type { Kernel, SideKernel } from "../../ir/kernel.ts";
import type { Params } from "../affine.ts";
import type { Block, LinearHeap } from "../heap.ts";
import type { Runner } from "../machine.ts";
import type { Memory, MemoryRange } from "../memory.ts";
import { type FunctionBuilder, type Local, ModuleBuilder, type Value } from "./assembler.ts";
import type { Frame } from "./context.ts";
import { emitGemm } from "./gemm.ts";
import { emitLoop } from "./loop.ts";
import { mathImports } from "./math.ts";
import { emitTemplate } from "./template.ts";

const signature = { params: ["i32", "i32", "i32"], results: [] } as const;

type WasmFunction = (call: number, begin: number, end: number) => void;

/** A call: where its words start in the descriptors (in words), and its function once the module is there. */
interface WasmCall {
  readonly first: number;
  readonly bindings: readonly MemoryRange[];
  readonly name: string;
  readonly numParams: number;
  readonly units: number;
  run: WasmFunction;
}

const notReady: WasmFunction = () => {};

/** Params of a call that a run fills in. */
export type Write = (word: number, value: number) => void;

export class PlanModule {
  readonly #heap: LinearHeap;
  readonly #builder: ModuleBuilder;
  readonly #calls: WasmCall[] = [];
  /** Bases of bindings, then params, of one call after another. */
  #words = 0;
  #scratchBytes = 0;
  #block: Block | null = null;

  constructor(heap: LinearHeap, relaxed: boolean) {
    this.#builder = new ModuleBuilder(relaxed);
    this.#heap = heap;
  }

  /** Adds a call; throws Unsupported where its kernel has no WebAssembly form. `write` fills in params from then on. */
  add(
    kernel: Exclude<Kernel, SideKernel>,
    bindings: readonly MemoryRange[],
    params: Params,
  ): { run: Runner; write: Write } {
    const name = `k${this.#calls.length}`;
    let units = 0;
    this.#builder.attempt(() => {
      this.#builder.define(signature, name, (f) => {
        units = this.#emit(f, kernel, bindings, params);
      });
    });
    const call: WasmCall = {
      first: this.#words,
      bindings,
      name,
      numParams: kernel.numParams,
      units,
      run: notReady,
    };
    this.#words += bindings.length + kernel.numParams + 1;
    this.#calls.push(call);
    const run = () => call.run(this.#address(call), 0, call.units);
    const write: Write = (word, value) => {
      this.#block!.views.u[call.first + call.bindings.length + word] = value;
    };
    return { run, write };
  }

  /** Compiles what was added, and lets every call follow its memory and `scratch`, which holds `scratchBytes`. */
  finish(scratch: Memory): void {
    if (this.#calls.length === 0) return;
    this.#block = this.#heap.take(this.#words * 4).block;
    const module = new WebAssembly.Module(this.#builder.finish(null));
    const { exports } = new WebAssembly.Instance(module, {
      math: mathImports,
      env: { memory: this.#heap.memory },
    });
    for (const call of this.#calls) {
      call.run = exports[call.name] as WasmFunction;
      call.bindings.forEach(({ memory, offset }, i) => {
        memory.follow((start) => {
          this.#block!.views.u[call.first + i] = start + offset;
        });
      });
      scratch.follow((start) => {
        this.#block!.views.u[call.first + call.bindings.length + call.numParams] = start;
      });
    }
  }

  dispose(): void {
    if (this.#block) this.#heap.give(this.#block);
    this.#block = null;
  }

  #address({ first }: WasmCall): number {
    return this.#block!.views.offset + first * 4;
  }

  /** Bytes that the calls use for what they compute on the way, one after another. */
  get scratchBytes(): number {
    return this.#scratchBytes;
  }

  #emit(
    f: FunctionBuilder,
    kernel: Exclude<Kernel, SideKernel>,
    bindings: readonly MemoryRange[],
    params: Params,
  ): number {
    const [call, begin, end] = f.params as [Local, Local, Local];
    const bases = bindings.map((_, i) => f.keep("i32", loadWord(f, call, i)));
    const frame: Frame = {
      base: (range) => bases[bindings.indexOf(range.bound)]!.get,
      param: (word) => () => {
        call.get(f);
        f.memory("v128.load32_splat", (bindings.length + word) * 4);
      },
      word: (word) => loadWord(f, call, bindings.length + word),
    };
    if (kernel.form === "loop") return emitLoop(f, kernel, bindings, params, frame, [begin.get, end.get]);
    const scratch = f.keep("i32", loadWord(f, call, bindings.length + kernel.numParams));
    const { scratchBytes } =
      kernel.form === "gemm"
        ? emitGemm(f, kernel, bindings, params, frame, scratch.get)
        : emitTemplate(f, kernel, bindings, params, frame, scratch.get);
    this.#scratchBytes = Math.max(this.#scratchBytes, scratchBytes);
    return 1;
  }
}

function loadWord(f: FunctionBuilder, call: Local, word: number): Value {
  return () => {
    call.get(f);
    f.memory("i32.load", word * 4);
  };
}

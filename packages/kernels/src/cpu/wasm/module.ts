/** @file One WebAssembly module per program: its kernels as functions, and what they read of each call. */
import type { Kernel, SideKernel } from "../../ir/kernel.ts";
import type { Params } from "../affine.ts";
import type { Block, LinearHeap } from "../heap.ts";
import { maxPages } from "../linearMemory.ts";
import type { Machine, Runner } from "../machine.ts";
import type { Memory, MemoryRange } from "../memory.ts";
import { functionName, type StepFunction } from "../threads/control.ts";
import type { ThreadPool } from "../threads/pool.ts";
import { cut, type Work } from "../threads/work.ts";
import { type FunctionBuilder, type Local, ModuleBuilder, type Value } from "./assembler.ts";
import type { Frame } from "./context.ts";
import { emitPart, type GemmPart, partsOf, wholeGemm } from "./gemmParts.ts";
import { int } from "./integers.ts";
import { emitLoop } from "./loop.ts";
import { mathImports } from "./math.ts";
import { runSteps, type Steps, type WasmStep } from "./steps.ts";
import { emitTemplate } from "./template.ts";

const one = { params: ["i32", "i32", "i32"], results: [] } as const;
/** Of several threads: which of them runs it. */
const several = { params: ["i32", "i32", "i32", "i32"], results: [] } as const;

/** A call: where its words start in the descriptors (in words), and what it runs. */
interface WasmCall {
  readonly first: number;
  readonly bindings: readonly MemoryRange[];
  readonly numParams: number;
  readonly steps: Steps;
}

const notReady: StepFunction = () => {};

type Emitted = Exclude<Kernel, SideKernel>;

/** Params of a call that a run fills in. */
export type Write = (word: number, value: number) => void;

export class PlanModule {
  readonly #heap: LinearHeap;
  readonly #threads: ThreadPool | null;
  readonly #builder: ModuleBuilder;
  readonly #calls: WasmCall[] = [];
  /** Of exported functions. */
  #count = 0;
  /** Bases of bindings, params, scratch memory and the turn, of one call after another. */
  #words = 0;
  #scratchBytes = 0;
  #block: Block | null = null;
  #program: number | null = null;

  constructor(heap: LinearHeap, { relaxed, threads }: Pick<Machine, "relaxed" | "threads">) {
    this.#builder = new ModuleBuilder(relaxed);
    this.#heap = heap;
    this.#threads = threads;
  }

  /** Adds a call; throws Unsupported where its kernel has no WebAssembly form. `write` fills in params from then on. */
  add(kernel: Emitted, bindings: readonly MemoryRange[], params: Params): { run: Runner; write: Write } {
    const count = this.#count;
    try {
      const steps = this.#builder.attempt(() => this.#define(kernel, bindings, params));
      return this.#addCall({ first: this.#words, bindings, numParams: kernel.numParams, steps });
    } catch (error) {
      this.#count = count;
      throw error;
    }
  }

  #addCall(call: WasmCall): { run: Runner; write: Write } {
    this.#words += call.bindings.length + call.numParams + 2;
    this.#calls.push(call);
    const write: Write = (word, value) => {
      this.#block!.views.u[call.first + call.bindings.length + word] = value;
    };
    return { run: this.#threads ? this.#runInThreads(call, this.#threads) : this.#runAlone(call), write };
  }

  /** Compiles what was added, and lets every call follow its memory and `scratch`, which holds `scratchBytes`. */
  finish(scratch: Memory): void {
    if (this.#calls.length === 0) return;
    this.#block = this.#heap.take(this.#words * 4).block;
    const module = new WebAssembly.Module(this.#builder.finish(this.#threads && { maximum: maxPages }));
    const { exports } = new WebAssembly.Instance(module, {
      math: mathImports,
      env: { memory: this.#heap.memory },
    });
    this.#program = this.#threads?.add(module) ?? null;
    for (const call of this.#calls) {
      for (const step of [...call.steps.ofBlock, ...call.steps.ofBatch]) {
        step.run = exports[functionName(step.number)] as StepFunction;
        step.program = this.#program ?? 0;
      }
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
    if (this.#program !== null) this.#threads!.drop(this.#program);
    this.#program = null;
    if (this.#block) this.#heap.give(this.#block);
    this.#block = null;
  }

  #address({ first }: WasmCall): number {
    return this.#block!.views.offset + first * 4;
  }

  #runAlone(call: WasmCall): Runner {
    const step = call.steps.ofBatch[0]!;
    return () => step.run(this.#address(call), 0, step.units);
  }

  #runInThreads(call: WasmCall, threads: ThreadPool): Runner {
    const turnWord = call.first + call.bindings.length + call.numParams + 1;
    const setTurn = (turn: number): void => {
      this.#block!.views.u[turnWord] = turn;
    };
    return () => runSteps(call.steps, this.#address(call), threads, setTurn);
  }

  /** Bytes that the calls use for what they compute on the way, one after another. */
  get scratchBytes(): number {
    return this.#scratchBytes;
  }

  #define(kernel: Emitted, bindings: readonly MemoryRange[], params: Params): Steps {
    const isShared = this.#threads !== null && kernel.form === "gemm";
    const { ofBlock, ofBatch, ...counts } = isShared ? partsOf(kernel, bindings, params) : wholeGemm;
    const steps = (parts: readonly GemmPart[]) =>
      parts.map((part) => this.#step(kernel, bindings, params, part));
    return { ...counts, ofBlock: steps(ofBlock), ofBatch: steps(ofBatch) };
  }

  /** Defines the function of a part of a kernel. */
  #step(kernel: Emitted, bindings: readonly MemoryRange[], params: Params, part: GemmPart): WasmStep {
    const number = this.#count++;
    let work: Work = { units: 1, cost: 0 };
    this.#builder.define(this.#threads ? several : one, functionName(number), (f) => {
      work = this.#emit(f, kernel, bindings, params, part);
    });
    return { number, ...work, ...cut(work), program: 0, run: notReady };
  }

  #emit(
    f: FunctionBuilder,
    kernel: Emitted,
    bindings: readonly MemoryRange[],
    params: Params,
    part: GemmPart,
  ): Work {
    const [call, begin, end, thread] = f.params as [Local, Local, Local, Local?];
    const bases = bindings.map((_, i) => f.keep("i32", loadWord(f, call, i)));
    const frame: Frame = {
      base: (range) => bases[bindings.indexOf(range.bound)]!.get,
      param: (word) => () => {
        call.get(f);
        f.memory("v128.load32_splat", (bindings.length + word) * 4);
      },
      word: (word) => loadWord(f, call, bindings.length + word),
    };
    const units = [begin.get, end.get] as const;
    const threads = this.#threads?.count ?? 1;
    if (kernel.form === "loop") return emitLoop(f, kernel, bindings, params, frame, units, threads > 1);
    const scratch = f.keep("i32", loadWord(f, call, bindings.length + kernel.numParams)).get;
    if (kernel.form === "template") {
      const { scratchBytes } = emitTemplate(f, kernel, bindings, params, frame, scratch);
      this.#scratchBytes = Math.max(this.#scratchBytes, scratchBytes);
      return { units: 1, cost: 0 };
    }
    const turn = loadWord(f, call, bindings.length + kernel.numParams + 1);
    const place = { scratch, threads, thread: thread?.get ?? int(0), turn };
    const { scratchBytes, ...work } = emitPart({ f, kernel, bindings, params, frame }, part, place, units);
    this.#scratchBytes = Math.max(this.#scratchBytes, scratchBytes);
    return work;
  }
}

function loadWord(f: FunctionBuilder, call: Local, word: number): Value {
  return () => {
    call.get(f);
    f.memory("i32.load", word * 4);
  };
}

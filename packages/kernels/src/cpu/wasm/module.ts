/** @file Emits a WebAssembly module: the kernels of a program as functions. */
import { counts } from "../../device/counters.ts";
import type { Params } from "../affine.ts";
import type { KernelCall, SingleKernel } from "../kernelCall.ts";
import { maxPages } from "../linearMemory.ts";
import type { MemoryRange } from "../memory.ts";
import { functionName, type StepFunction } from "../threads/control.ts";
import { cut, type Work } from "../threads/work.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import type { Frame } from "./context.ts";
import { emitPart, type GemmPart, type GemmParts, partsOf, wholeGemm } from "./gemmParts.ts";
import { int } from "./integers.ts";
import { emitLoop } from "./loop.ts";
import { ModuleBuilder } from "./moduleBuilder.ts";
import type { Steps, WasmStep } from "./steps.ts";
import type { TemplatePart } from "./template.ts";
import { Unsupported } from "./unsupported.ts";

const one = { params: ["i32", "i32", "i32"], results: [] } as const;
/** Of several threads: which of them runs it. */
const several = { params: ["i32", "i32", "i32", "i32"], results: [] } as const;

const notReady: StepFunction = () => {};

/** The emitter of hand-written kernels, which programs without them do not load. */
export type TemplateModule = typeof import("./template.ts");

/** A part of a kernel that is a function. */
type Part = GemmPart | TemplatePart;
type Parts = Omit<GemmParts, "ofBatch"> & { readonly ofBatch: readonly Part[] };

/** Emits the functions of kernels; those of equal calls once. */
export class ModuleEmitter {
  /** What the calls run, by key; those that have no WebAssembly form are not here. */
  readonly steps = new Map<string, Steps>();
  readonly #threads: number;
  readonly #templates: TemplateModule | null;
  readonly #builder: ModuleBuilder;
  readonly #unsupported = new Set<string>();
  /** Of exported functions. */
  #count = 0;
  #scratchBytes = 0;

  /** `threads`: how many share the work; 1 for that of the caller alone. */
  constructor(relaxed: boolean, threads: number, templates: TemplateModule | null) {
    this.#builder = new ModuleBuilder(relaxed);
    this.#threads = threads;
    this.#templates = templates;
  }

  add({ key, kernel, ranges, params }: KernelCall): void {
    if (this.steps.has(key) || this.#unsupported.has(key)) return;
    const count = this.#count;
    try {
      this.steps.set(
        key,
        this.#builder.attempt(() => this.#define(kernel, ranges, params)),
      );
      counts.pipelines++;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.#count = count;
      this.#unsupported.add(key);
    }
  }

  /** The module of what was added. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#builder.finish(this.#threads > 1 ? { maximum: maxPages } : null);
  }

  /** Bytes that the calls use for what they compute on the way, one after another. */
  get scratchBytes(): number {
    return this.#scratchBytes;
  }

  #define(kernel: SingleKernel, bindings: readonly MemoryRange[], params: Params): Steps {
    const { ofBlock, ofBatch, ...turns } = this.#partsOf(kernel, bindings, params);
    const steps = (parts: readonly Part[]) => parts.map((part) => this.#step(kernel, bindings, params, part));
    return { ...turns, ofBlock: steps(ofBlock), ofBatch: steps(ofBatch) };
  }

  /** The parts that are functions of their own. */
  #partsOf(kernel: SingleKernel, bindings: readonly MemoryRange[], params: Params): Parts {
    if (this.#threads === 1 || kernel.form === "loop") return wholeGemm;
    if (kernel.form === "gemm") return partsOf(kernel, bindings, params);
    return { ...wholeGemm, ofBatch: this.#templates!.partsOfTemplate(kernel, bindings, params) };
  }

  /** Defines the function of a part of a kernel. */
  #step(kernel: SingleKernel, bindings: readonly MemoryRange[], params: Params, part: Part): WasmStep {
    const number = this.#count++;
    let work: Work = { units: 1, cost: 0 };
    this.#builder.define(this.#threads > 1 ? several : one, functionName(number), (f) => {
      work = this.#emit(f, kernel, bindings, params, part);
    });
    return { number, ...work, ...cut(work), program: 0, run: notReady };
  }

  #emit(
    f: FunctionBuilder,
    kernel: SingleKernel,
    bindings: readonly MemoryRange[],
    params: Params,
    part: Part,
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
    const threads = this.#threads;
    if (kernel.form === "loop") return emitLoop(f, kernel, bindings, params, frame, units, threads > 1);
    const scratch = f.keep("i32", loadWord(f, call, bindings.length + kernel.numParams)).get;
    const turn = loadWord(f, call, bindings.length + kernel.numParams + 1);
    const place = { scratch, threads, thread: thread?.get ?? int(0) };
    const source = { f, bindings, params, frame };
    const { scratchBytes, ...work } =
      kernel.form === "template"
        ? this.#templates!.emitTemplate({ ...source, kernel }, part as TemplatePart, place, units)
        : emitPart({ ...source, kernel }, part as GemmPart, { ...place, turn }, units);
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

/** @file Template kernels as WebAssembly: the form that a template has here, by its name, and how threads share its calls. */
import type { TemplateKernel } from "../../ir/kernel.ts";
import type { Params } from "../affine.ts";
import type { MemoryRange } from "../memory.ts";
import { cut, type Work } from "../threads/work.ts";
import { Areas, areaBytes } from "./areas.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import type { Frame } from "./context.ts";
import type { Bounds } from "./gemmLoops.ts";
import { add, addScaled, int } from "./integers.ts";
import { computeInput, outputAddress, plainInput, workOfInput } from "./templateOperands.ts";
import { templateEmitters, templateWork } from "./templates/index.ts";
import { Unsupported } from "./unsupported.ts";

/** What a call is compiled for: constants of its launch, and the template's own params. */
export interface TemplateShape {
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly params: readonly number[];
}

/** A call of a template, as its emitter sees it: operands are addresses of row-major arrays of words. */
export interface TemplateCall extends TemplateShape {
  readonly f: FunctionBuilder;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Elements of each operand. */
  readonly inputSizes: readonly number[];
  readonly outputSizes: readonly number[];
  /** Those to be done here of its units. */
  readonly units: Bounds;
  /** The address of memory for as many words, which holds anything; a thread's own, kept until the end of the function. */
  scratch(words: number): Value;
}

/** Emits the code of a template; throws Unsupported where it has none for such a call. */
export type EmitTemplate = (call: TemplateCall) => void;

/** What there is to do in a call of such a shape. */
export type WorkOf = (shape: TemplateShape) => Work;

/** A kernel with what its functions read. */
export interface TemplateSource {
  readonly f: FunctionBuilder;
  readonly kernel: TemplateKernel;
  readonly bindings: readonly MemoryRange[];
  readonly params: Params;
  readonly frame: Frame;
}

/** "all": everything, in one thread; a number: the input that is computed beforehand; "units": what is left then. */
export type TemplatePart = "all" | "units" | number;

/** How several threads share a call. */
export function partsOfTemplate(
  kernel: TemplateKernel,
  bindings: readonly MemoryRange[],
  params: Params,
): readonly TemplatePart[] {
  if (cut(workOf(kernel, params)).chunks === 1) return ["all"];
  const computed = kernel.inputs.flatMap((input, i) => (plainInput(input, bindings, params) ? [] : [i]));
  return [...computed, "units"];
}

/** Scratch memory, of which each of `threads` has its own, and which of them runs the function. */
export interface TemplatePlace {
  readonly scratch: Value;
  readonly threads: number;
  readonly thread: Value;
}

/** Emits units `begin` to `end` of a part. */
export function emitTemplate(
  source: TemplateSource,
  part: TemplatePart,
  place: TemplatePlace,
  units: Bounds,
): Work & { readonly scratchBytes: number } {
  const { f, kernel, params } = source;
  const emit = templateEmitters[kernel.template.name];
  if (!emit) throw new Unsupported(kernel.template.name);
  for (const word of params.patched)
    if (word < kernel.numOwnParams) throw new Unsupported("a param that changes");
  const areas = new Areas();
  const inputs = placeInputs(source, part, place, areas, units);
  if (typeof part === "number") return { ...workOfInput(source, part), scratchBytes: areas.bytes };
  const work = workOf(kernel, params);
  emit({
    ...{ f, inputs, ...shapeOf(kernel, params) },
    outputs: kernel.outputs.map((output) => outputAddress(source, output)),
    inputSizes: kernel.inputs.map(({ size }) => params.words[size]!),
    outputSizes: kernel.outputs.map(({ size }) => params.words[size]!),
    units: part === "all" ? [int(0), int(work.units)] : units,
    scratch: scratchOf(f, areas, part === "all" ? { ...place, threads: 1, thread: int(0) } : place),
  });
  return { ...(part === "all" ? { units: 1, cost: 0 } : work), scratchBytes: areas.bytes };
}

/** The addresses of inputs; computes those that the part is to compute. */
function placeInputs(
  source: TemplateSource,
  part: TemplatePart,
  { scratch }: TemplatePlace,
  areas: Areas,
  units: Bounds,
): Value[] {
  const { f, kernel, bindings, params, frame } = source;
  return kernel.inputs.map((input, i) => {
    const plain = plainInput(input, bindings, params);
    if (plain) return f.keep("i32", add(frame.base(plain.range), int(plain.form.constant * 4))).get;
    const target = f.keep("i32", add(scratch, int(areas.take(params.words[input.size]!)))).get;
    if (part === "all" || part === i) computeInput(source, i, target, part === "all" ? null : units);
    return target;
  });
}

function scratchOf(
  f: FunctionBuilder,
  areas: Areas,
  { scratch, threads, thread }: TemplatePlace,
): TemplateCall["scratch"] {
  return (words) => {
    const first = add(scratch, int(areas.take(words, threads)));
    return f.keep("i32", threads === 1 ? first : addScaled(first, thread, areaBytes(words))).get;
  };
}

function workOf(kernel: TemplateKernel, params: Params): Work {
  const work = templateWork[kernel.template.name];
  return work ? work(shapeOf(kernel, params)) : { units: 1, cost: 0 };
}

function shapeOf({ constants, numOwnParams }: TemplateKernel, { words }: Params): TemplateShape {
  return { constants, params: Array.from(new Int32Array(words.buffer, words.byteOffset, numOwnParams)) };
}

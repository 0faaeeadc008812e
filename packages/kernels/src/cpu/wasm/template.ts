/** @file Template kernels as WebAssembly: operands as addresses of whole arrays, and the emitter that a template has here, by its name. */
import type { TemplateInput, TemplateKernel, TemplateOutput } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import { type MemoryRange, ownRange } from "../memory.ts";
import { makeNest } from "../nest.ts";
import { plainLoad } from "../plainLoad.ts";
import { Areas } from "./areas.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { BodyEmitter } from "./body.ts";
import { type Frame, withRange } from "./context.ts";
import { add, int, mul, sub } from "./integers.ts";
import { templateEmitters } from "./templates/index.ts";
import { Unsupported } from "./unsupported.ts";

/** A call of a template, as its emitter sees it: operands are addresses of row-major arrays of words. */
export interface TemplateCall {
  readonly f: FunctionBuilder;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Elements of each operand. */
  readonly inputSizes: readonly number[];
  readonly outputSizes: readonly number[];
  readonly constants: Readonly<Record<string, number | boolean>>;
  /** The template's own params. */
  readonly params: readonly number[];
  /** The address of memory for as many words, which holds anything; kept until the end of the call. */
  scratch(words: number): Value;
}

/** Emits the code of a template; throws Unsupported where it has none for such a call. */
export type EmitTemplate = (call: TemplateCall) => void;

export function emitTemplate(
  f: FunctionBuilder,
  kernel: TemplateKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
  scratch: Value,
): { readonly scratchBytes: number } {
  const { template, constants, numOwnParams } = kernel;
  const emit = templateEmitters[template.name];
  if (!emit) throw new Unsupported(template.name);
  for (const word of params.patched) if (word < numOwnParams) throw new Unsupported("a param that changes");
  const areas = new Areas();
  const take = (words: number): Value => f.keep("i32", add(scratch, int(areas.take(words)))).get;
  const inputSizes = kernel.inputs.map(({ size }) => params.words[size]!);
  const outputSizes = kernel.outputs.map(({ size }) => params.words[size]!);
  const inputs = kernel.inputs.map((input, i) => {
    const size = inputSizes[i]!;
    return (
      plainInput(f, input, size, bindings, params, frame) ??
      computedInput(f, input, size, bindings, params, frame, take)
    );
  });
  const outputs = kernel.outputs.map((output) => outputAddress(f, output, bindings, params, frame));
  const own = Array.from(new Int32Array(params.words.buffer, params.words.byteOffset, numOwnParams));
  emit({ f, inputs, outputs, inputSizes, outputSizes, constants, params: own, scratch: take });
  return { scratchBytes: areas.bytes };
}

/** A load of consecutive words. */
function plainInput(
  f: FunctionBuilder,
  input: TemplateInput,
  size: number,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
): Value | null {
  const plain = plainLoad(input, bindings, params);
  if (!plain || (size > 1 && plain.form.axes.get(0) !== 1)) return null;
  return f.keep("i32", add(frame.base(plain.range), int(plain.form.constant * 4))).get;
}

function computedInput(
  f: FunctionBuilder,
  { code, value }: TemplateInput,
  size: number,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
  take: (words: number) => Value,
): Value {
  const target = take(size);
  const range = ownRange(size);
  const store = { op: "set", level: "full", value, index: axesAffine([[0, 1]]), range } as const;
  const spec = { code, stages: [], stores: [store], bindings, params, accumulator: null };
  const nest = makeNest([size], [], [0], [], false);
  const emitter = new BodyEmitter(f, spec, nest, withRange(frame, range, target));
  emitter.emitStart();
  emitter.emitRow(() => int(0));
  return target;
}

function outputAddress(
  f: FunctionBuilder,
  { binding, offset, shift }: TemplateOutput,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
): Value {
  const start = add(frame.base(bindings[binding]!), int((offset === null ? 0 : params.words[offset]!) * 4));
  return f.keep("i32", shift ? add(start, mul(shiftOf(f, shift, params, frame), int(4))) : start).get;
}

/** Index code without axes as an i32. */
function shiftOf(
  f: FunctionBuilder,
  { code, value }: NonNullable<TemplateOutput["shift"]>,
  { words, patched }: Params,
  frame: Frame,
): Value {
  const values: Value[] = [];
  const operations = { add, sub, mul } as const;
  for (const { op, args, value: number = 0 } of code) {
    const [x, y] = args.map((arg) => values[arg]!);
    if (op === "const") values.push(int(number));
    else if (op === "param") values.push(patched.has(number) ? frame.word(number) : int(words[number]! | 0));
    else if (op in operations)
      values.push(f.keep("i32", operations[op as keyof typeof operations](x!, y!)).get);
    else if (op === "idiv" || op === "irem") values.push(f.keep("i32", quotient(op, x!, y!)).get);
    else throw new Unsupported(op);
  }
  return values[value]!;
}

function quotient(op: "idiv" | "irem", x: Value, y: Value): Value {
  return (f) => {
    x(f);
    y(f);
    f.plain(op === "idiv" ? "i32.div_s" : "i32.rem_s");
  };
}

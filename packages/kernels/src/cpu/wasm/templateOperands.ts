/** @file Operands of template kernels as addresses of row-major arrays: where they lie, or what computes them. */
import type { TemplateInput, TemplateOutput } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import { type MemoryRange, ownRange } from "../memory.ts";
import { makeNest } from "../nest.ts";
import { type PlainLoad, plainLoad } from "../plainLoad.ts";
import { type Work, weightOf } from "../threads/work.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { BodyEmitter } from "./body.ts";
import { type Frame, withRange } from "./context.ts";
import type { Bounds } from "./gemmLoops.ts";
import { add, int, mul, sub } from "./integers.ts";
import type { TemplateSource } from "./template.ts";
import { Unsupported } from "./unsupported.ts";

/** An input that is a load of consecutive words; null where it has to be computed. */
export function plainInput(
  input: TemplateInput,
  bindings: readonly MemoryRange[],
  params: Params,
): PlainLoad | null {
  const plain = plainLoad(input, bindings, params);
  return plain && (params.words[input.size] === 1 || plain.form.axes.get(0) === 1) ? plain : null;
}

/** Elements of a unit of an input that is computed: whole cache lines. */
const unitElements = 1024;

/** What computing an input costs. */
export function workOfInput({ kernel, params }: TemplateSource, input: number): Work {
  const { size, code } = kernel.inputs[input]!;
  const elements = params.words[size]!;
  return { units: Math.ceil(elements / unitElements), cost: Math.ceil(elements / 4) * weightOf(code, 1) };
}

/** Computes an input, all of it or some of its units. */
export function computeInput(
  { f, kernel, bindings, params, frame }: TemplateSource,
  input: number,
  target: Value,
  units: Bounds | null,
): void {
  const { code, value, size } = kernel.inputs[input]!;
  const elements = params.words[size]!;
  const range = ownRange(elements);
  const store = { op: "set", level: "full", value, index: axesAffine([[0, 1]]), range } as const;
  const spec = { code, stages: [], stores: [store], bindings, params, accumulator: null };
  const nest = makeNest([elements], [], [0], [], false);
  const emitter = new BodyEmitter(f, spec, nest, withRange(frame, range, target));
  emitter.emitStart();
  const elementOf = (unit: Value): Value => f.keep("i32", mul(unit, int(unitElements))).get;
  emitter.emitRow(() => int(0), units && [elementOf(units[0]), elementOf(units[1])]);
}

/** Where an output begins. */
export function outputAddress(
  { f, bindings, params, frame }: TemplateSource,
  { binding, offset, shift }: TemplateOutput,
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

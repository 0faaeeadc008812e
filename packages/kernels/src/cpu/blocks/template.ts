/** @file Template kernels on the cpu: operands as whole arrays, read where they lie if they are plain, and the template's JavaScript. */
import type { Dtype, TemplateArray, TemplateInput, TemplateKernel, TemplateOutput } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import type { Runner } from "../machine.ts";
import type { MemoryRange } from "../memory.ts";
import { makeNest } from "../nest.ts";
import { plainLoad } from "../plainLoad.ts";
import type { Numbers, Slot } from "../slot.ts";
import type { BlockMachine } from "./blockMachine.ts";
import { compileBody } from "./body.ts";
import { runBody } from "./loop.ts";
import { scratchRange } from "./operand.ts";
import { runOf } from "./templates/index.ts";

/** An operand of a call: fills what has to be computed and gives the whole array. */
type ArrayOf = () => TemplateArray;

/** `size` elements from `first`, and `shift`, of whatever memory the slot follows. */
function viewOf(slot: Slot<Numbers>, first: number, size: number, shift: () => number = () => 0): ArrayOf {
  let data: Numbers | null = null;
  let start = -1;
  let view: TemplateArray;
  return () => {
    const wanted = first + shift();
    if (data !== slot.data || start !== wanted) {
      data = slot.data;
      start = wanted;
      view = data.subarray(start, start + size) as TemplateArray;
    }
    return view;
  };
}

const integerOps: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  idiv: (a, b) => Math.trunc(a / b),
  irem: (a, b) => a % b,
};

/** The value of index code without axes, at the params of the run. */
function shiftOf({ code, value }: NonNullable<TemplateOutput["shift"]>, { words }: Params): () => number {
  const numbers = new Int32Array(code.length);
  return () => {
    code.forEach(({ op, args, value = 0 }, id) => {
      if (op === "const") numbers[id] = value;
      else if (op === "param") numbers[id] = words[value]!;
      else numbers[id] = integerOps[op]!(numbers[args[0]!]!, numbers[args[1]!]!);
    });
    return numbers[value]!;
  };
}

/** A load of consecutive words. */
function plainInput(
  input: TemplateInput,
  size: number,
  bindings: readonly MemoryRange[],
  params: Params,
): ArrayOf | null {
  const plain = plainLoad(input, bindings, params);
  if (!plain || (size > 1 && plain.form.axes.get(0) !== 1)) return null;
  const { range, form } = plain;
  return viewOf(range.slot(input.code[input.value]!.dtype), range.first + form.constant, size);
}

function computedInput(
  { code, value }: TemplateInput,
  index: number,
  size: number,
  bindings: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): ArrayOf {
  const { dtype } = code[value]!;
  const range = scratchRange(machine.scratch.take(`input${index}`, size * 4), size);
  const nest = makeNest([size], [], [0], [], false);
  const store = { op: "set", level: "full", value, index: axesAffine([[0, 1]]), range } as const;
  const spec = { code, stages: [], stores: [store], bindings, params, accumulator: null };
  const program = compileBody(spec, nest, machine.registers);
  const array = viewOf(range.slot(dtype), 0, size);
  return () => {
    runBody(program);
    return array();
  };
}

export function compileTemplate(
  kernel: TemplateKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): Runner {
  const { template, constants } = kernel;
  const { words } = params;
  const run = runOf(template);
  const inputs = kernel.inputs.map((input, i) => {
    const size = words[input.size]!;
    return (
      plainInput(input, size, bindings, params) ?? computedInput(input, i, size, bindings, params, machine)
    );
  });
  const outputs = kernel.outputs.map(({ binding, offset, shift, size }, i) => {
    const range = bindings[binding]!;
    const first = range.first + (offset === null ? 0 : words[offset]!);
    const slot = range.slot(template.outputs[i]?.dtype as Dtype);
    return viewOf(slot, first, words[size]!, shift && shiftOf(shift, params));
  });
  const own = new Int32Array(words.buffer, words.byteOffset, kernel.numOwnParams);
  return () =>
    run({
      inputs: inputs.map((array) => array()),
      outputs: outputs.map((array) => array()),
      constants,
      params: own,
    });
}

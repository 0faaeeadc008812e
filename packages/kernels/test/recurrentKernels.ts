/** @file Calls of recurrent templates for the tests: plain operands of one size, and the error against the JavaScript form. */
import { runOf } from "../src/cpu/blocks/templates/index.ts";
import type { Template, TemplateKernel } from "../src/ir/kernel.ts";
import {
  gruBackwardTemplate,
  gruForwardTemplate,
  lstmBackwardTemplate,
  lstmForwardTemplate,
  type RecurrentTarget,
  recurrentLaunch,
  simpleBackwardTemplate,
  simpleForwardTemplate,
} from "../src/templates/recurrent.ts";
import {
  gruStepBackTemplate,
  gruStepTemplate,
  lstmStepBackTemplate,
  lstmStepTemplate,
  recurrentStepLaunch,
  simpleStepBackTemplate,
  simpleStepTemplate,
} from "../src/templates/recurrentStep.ts";
import { random } from "./cpuReference.ts";

export interface RecurrentSize {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
}

interface Kind {
  readonly template: Template;
  readonly direction: "forward" | "backward";
  readonly gates: number;
  /** Elements of an operand by name. */
  size(name: string, size: RecurrentSize): number;
  /** Of kernels for one step: chunks of `units` in a row of slopes. */
  readonly step?: { readonly width: number };
}

/** Elements of operands; `wide` is the width of z (x), `initial` of dS. */
function sizes(gates: number, wide: number, initial: number): Kind["size"] {
  return (name, { batch, steps, units }) => {
    const table: Record<string, number> = {
      wh: gates * units * units,
      bias: 6 * units,
      mask: batch * steps,
      dS: batch * initial * units,
      dG: batch * steps * 6 * units,
    };
    for (const state of ["h0", "c0", "cell", "dCell"]) table[state] = batch * units;
    for (const states of ["H", "dH"]) table[states] = batch * (steps + 1) * units;
    for (const inputs of ["z", "x", "dZ"]) table[inputs] = batch * steps * wide * units;
    return table[name] ?? batch * steps * 5 * units;
  };
}

/** Elements of operands of one step; `held` is the width of what goes past the product. */
function stepKind(
  template: Template,
  direction: Kind["direction"],
  gates: number,
  width: number,
  held: number,
): Kind {
  const size: Kind["size"] = (name, { batch, units }) => {
    const table: Record<string, number> = { wh: gates * units * units, bias: 6 * units, mask: batch };
    for (const wide of ["next", "dZ", "dG"]) table[wide] = width * batch * units;
    for (const input of ["z", "x"]) table[input] = gates * batch * units;
    for (const carry of ["held", "heldBefore"]) table[carry] = held * batch * units;
    return table[name] ?? (name === "G" ? 5 : 1) * batch * units;
  };
  return { template, direction, gates, size, step: { width } };
}

export const recurrentKinds: Record<string, Kind> = {
  "lstm forward": { template: lstmForwardTemplate, direction: "forward", gates: 4, size: sizes(4, 4, 2) },
  "lstm backward": { template: lstmBackwardTemplate, direction: "backward", gates: 4, size: sizes(4, 4, 2) },
  "gru forward": { template: gruForwardTemplate, direction: "forward", gates: 3, size: sizes(3, 3, 1) },
  "gru backward": { template: gruBackwardTemplate, direction: "backward", gates: 3, size: sizes(3, 3, 1) },
  "lstm step": stepKind(lstmStepTemplate, "forward", 4, 4, 2),
  "lstm step back": stepKind(lstmStepBackTemplate, "backward", 4, 4, 2),
  "gru step": stepKind(gruStepTemplate, "forward", 3, 6, 1),
  "gru step back": stepKind(gruStepBackTemplate, "backward", 3, 6, 1),
  "simple step": stepKind(simpleStepTemplate, "forward", 1, 1, 1),
  "simple step back": stepKind(simpleStepBackTemplate, "backward", 1, 1, 1),
  "simple forward": { template: simpleForwardTemplate, direction: "forward", gates: 1, size: sizes(1, 1, 1) },
  "simple backward": {
    template: simpleBackwardTemplate,
    direction: "backward",
    gates: 1,
    size: sizes(1, 1, 1),
  },
};

export interface RecurrentCall {
  readonly kernel: TemplateKernel;
  readonly data: (Float32Array | Uint32Array)[];
  readonly words: number[];
  readonly workgroups: number;
  readonly expected: readonly Float32Array[];
}

function inputData(name: string, length: number, units: number, seed: number): Float32Array | Uint32Array {
  const numbers = random(length, seed);
  // A masked step now and then, the whole first row among them.
  if (name === "mask") return Uint32Array.from(numbers, (x, i) => Number(x > -0.5 && i >= 3));
  if (name === "wh") return numbers.map((x) => x / Math.sqrt(units));
  return name === "G" ? numbers.map((x) => 0.5 + x / 2.5) : numbers;
}

/** The call on this target, with results of the JavaScript form; null where the launch rule declines. */
export function recurrentCall(
  kind: Kind,
  size: RecurrentSize,
  target: RecurrentTarget,
): RecurrentCall | null {
  const { template, direction, gates } = kind;
  const { batch, steps, units } = size;
  const launch = kind.step
    ? recurrentStepLaunch(direction, { gates, width: kind.step.width, batch, units }, target)
    : recurrentLaunch(direction, gates, units, [batch, steps], target);
  if (!launch) return null;
  const inputs = template.inputs.map(({ name }, i) => inputData(name, kind.size(name, size), units, i + 1));
  const outputs = template.outputs.map(({ name }) => new Float32Array(kind.size(name, size)));
  const expected = outputs.map((output) => output.slice());
  const own = kind.step ? [batch, units] : [batch, steps];
  runOf(template)({ inputs, outputs: expected, constants: {}, params: Int32Array.from(own) });
  const lanesOf = new Map([...template.inputs, ...template.outputs].map(({ name, lanes }) => [name, lanes]));
  // Rows of four are bound as vectors.
  const wide = (name: string) => lanesOf.get(name) === 4 && (gates * units) % 4 === 0;
  return {
    kernel: {
      form: "template",
      label: template.name,
      template,
      constants: launch.constants,
      workgroupSize: launch.workgroupSize,
      inputs: template.inputs.map(({ name, dtype }, i) => ({
        code: [
          { op: "axis", dtype: "int32", args: [], value: 0 },
          { op: "load", dtype, args: [0], value: i, ...(wide(name) ? { access: "vector" as const } : {}) },
        ],
        value: 1,
        vector: wide(name),
        size: 2 + i,
      })),
      outputs: template.outputs.map(({ name }, i) => ({
        binding: inputs.length + i,
        offset: null,
        vector: wide(name),
        size: 2 + inputs.length + i,
      })),
      bindings: [
        ...template.inputs.map(({ name, dtype }) => ({ dtype, access: "read" as const, vector: wide(name) })),
        ...template.outputs.map(({ name, dtype }) => ({
          dtype,
          access: "read_write" as const,
          vector: wide(name),
        })),
      ],
      numOwnParams: 2,
      numParams: 2 + inputs.length + outputs.length,
    },
    data: [...inputs, ...outputs],
    words: [...own, ...[...inputs, ...outputs].map(({ length }) => length)],
    workgroups: launch.workgroups,
    expected,
  };
}

/** The largest difference, relative to the largest value. */
export function relativeError(found: ArrayLike<number>, expected: Float32Array): number {
  let [error, scale] = [0, 1e-30];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((found[i] as number) - (expected[i] as number));
    error = Math.max(error, difference);
    scale = Math.max(scale, Math.abs(expected[i] as number));
  }
  return error / scale;
}

/** @file Runs a scalar operation over arrays, at lane width 1 or 4, and measures its worst error. */
import type { Dtype, LoopKernel } from "../src/ir/kernel.ts";
import { comparison, floatTest } from "../src/ir/scalarOps.ts";
import { loop, Program, read, set, write } from "./codegenKernels.ts";
import { runKernel, type Words } from "./runKernel.ts";
import type { ScalarCase } from "./scalarCases.ts";
import { toleranceOf } from "./tolerances.ts";

/** out[i] = op(in0[i], in1[i], ...), one flat axis. */
export function scalarKernel(op: string, from: Dtype, to: Dtype, arity: number, lanes: 1 | 4): LoopKernel {
  const p = new Program();
  const axis = p.axis(0);
  const vector = lanes === 4;
  const args = Array.from({ length: arity }, (_, i) => p.load(i, axis, from, vector));
  const value = p.push(op, to, args);
  return loop({
    label: op,
    lanes,
    laneAxis: vector ? 0 : -1,
    bindings: [...args.map(() => read(from, vector)), write(to, vector)],
    body: { code: p.code, stores: [set(arity, axis, value, "full", vector)] },
    numParams: 1,
  });
}

export async function runScalar(
  device: GPUDevice,
  op: string,
  inputs: readonly Words[],
  output: Words,
  dtypes: { readonly from: Dtype; readonly to: Dtype; readonly lanes: 1 | 4 },
): Promise<void> {
  const kernel = scalarKernel(op, dtypes.from, dtypes.to, inputs.length, dtypes.lanes);
  await runKernel(device, kernel, [...inputs, output], [output.length]);
}

function isBool(op: string): boolean {
  return [...comparison, ...floatTest].includes(op as never);
}

/** Error in units of the tolerance; infinite where one of the two is NaN or they are different infinities. */
function excess(op: string, got: number, expected: number): number {
  if (Object.is(got, expected) || got === expected) return 0;
  if (Number.isNaN(got) && Number.isNaN(expected)) return 0;
  const rounded = Math.fround(expected);
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) {
    return got === rounded ? 0 : Number.POSITIVE_INFINITY;
  }
  // Subnormal results may be flushed to 0.
  if (got === 0 && Math.abs(expected) < 1.17549435e-38) return 0;
  const { relative, floor } = toleranceOf(op);
  return Math.abs(got - expected) / (relative * Math.max(Math.abs(expected), floor));
}

export interface ScalarOutcome {
  /** At most 1 if within the tolerance. */
  readonly excess: number;
  readonly where: string;
}

/** The worst result of a case. */
export async function checkScalar(device: GPUDevice, test: ScalarCase, lanes: 1 | 4): Promise<ScalarOutcome> {
  const length = test.inputs[0]!.length;
  const bool = isBool(test.op);
  const output = bool ? new Uint32Array(length) : new Float32Array(length);
  await runScalar(device, test.op, test.inputs, output, {
    from: "float32",
    to: bool ? "bool" : "float32",
    lanes,
  });
  let worst: ScalarOutcome = { excess: 0, where: "" };
  for (let i = 0; i < length; i++) {
    const args = test.inputs.map((input) => input[i]!);
    const expected = test.reference(...args);
    const error = excess(test.op, output[i]!, expected);
    if (error > worst.excess) {
      worst = { excess: error, where: `${test.op}(${args.join(", ")}) = ${output[i]}, expected ${expected}` };
    }
  }
  return worst;
}

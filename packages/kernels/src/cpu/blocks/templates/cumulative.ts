/** @file Running sums, products and extremes along rows in JavaScript. */
import type { TemplateArray, TemplateRun } from "../../../ir/kernel.ts";

type Combine = (a: number, b: number) => number;

/** How a run of numbers begins and goes on; int32 wraps as on the device. */
export function operationOf(operation: number, integer: boolean): { start: number; combine: Combine } {
  if (operation === 1) return { start: 1, combine: integer ? Math.imul : (a, b) => a * b };
  if (operation === 2) return { start: integer ? -(2 ** 31) : -Infinity, combine: Math.max };
  if (operation === 3) return { start: integer ? 2 ** 31 - 1 : Infinity, combine: Math.min };
  return { start: 0, combine: integer ? (a, b) => (a + b) | 0 : (a, b) => a + b };
}

export function runCumulative({ inputs, outputs, constants, params }: TemplateRun): void {
  const [x, y] = [inputs[0] as TemplateArray, outputs[0] as TemplateArray];
  const [rows, length] = params as unknown as [number, number];
  const { start, combine } = operationOf(Number(constants.OPERATION), x instanceof Int32Array);
  const step = constants.REVERSE ? -1 : 1;
  for (let row = 0; row < rows; row++) {
    let at = row * length + (constants.REVERSE ? length - 1 : 0);
    let total = start;
    for (let k = 0; k < length; k++, at += step) {
      const before = total;
      total = combine(total, x[at] as number);
      y[at] = constants.EXCLUSIVE ? before : total;
    }
  }
}

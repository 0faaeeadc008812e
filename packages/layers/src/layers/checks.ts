/** @file Checks of layer arguments and inputs. */
import { ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import type { Shape } from "../layer.ts";

export function checkPositiveInteger(where: string, argument: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new ValueError(where, `${argument} is not a positive integer.`, {
    received: `${argument} = ${String(value)}`,
    expected: "1, 2, 3, ...",
    fix: `give the number of ${argument}.`,
  });
}

/** Throws unless `low <= value <= high`. */
export function checkRange(
  where: string,
  argument: string,
  value: number,
  low: number,
  high: number,
): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new ValueError(where, `${argument} is out of range.`, {
    received: `${argument} = ${String(value)}`,
    expected: `a number from ${low} to ${high}.`,
    fix: `check ${argument}.`,
  });
}

/** Extent of the feature axis. */
export function lastExtent(where: string, shape: Shape): number {
  const last = shape.at(-1);
  if (shape.length >= 2 && typeof last === "number") return last;
  throw new ShapeError(where, "the input has no feature axis.", {
    received: `an input of shape [${shape.join()}].`,
    expected: "at least two axes: samples, ..., features.",
    fix: "for one number per sample reshape x to [n, 1].",
  });
}

export function checkFeatures(where: string, x: Tensor, features: number): void {
  if (x.ndim >= 2 && x.shape.at(-1) === features) return;
  throw new ShapeError(where, "the input does not fit the weights.", {
    received: `an input of shape [${x.shape.join()}].`,
    expected: `[..., ${features}]: the layer was built for ${features} features.`,
    fix: "check the data, or make a new model for it.",
  });
}

/** @file What the norms share: their options, and the weights gamma and beta. */
import { ops, ShapeError, type Tensor, ValueError, type Variable } from "@tenrec/tensor";
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import type { Layer, LayerOptions, Shape } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";

export interface NormOptions extends LayerOptions {
  /** Added to the variance. */
  readonly epsilon?: number;
  /** Whether `beta` is added. */
  readonly center?: boolean;
  /** Whether `gamma` multiplies. */
  readonly scale?: boolean;
  readonly betaInitializer?: Identifier<Initializer>;
  readonly gammaInitializer?: Identifier<Initializer>;
  readonly betaRegularizer?: Identifier<Regularizer>;
  readonly gammaRegularizer?: Identifier<Regularizer>;
  readonly betaConstraint?: Identifier<Constraint>;
  readonly gammaConstraint?: Identifier<Constraint>;
}

/** The weights of a norm as its options ask for them, gamma first. */
export function addNormWeights(
  layer: Layer,
  shape: Shape,
  options: NormOptions,
): { readonly gamma: Variable | null; readonly beta: Variable | null } {
  const gamma =
    (options.scale ?? true)
      ? layer.addWeight({
          name: "gamma",
          shape,
          initializer: options.gammaInitializer ?? "ones",
          regularizer: options.gammaRegularizer,
          constraint: options.gammaConstraint,
        })
      : null;
  const beta =
    (options.center ?? true)
      ? layer.addWeight({
          name: "beta",
          shape,
          initializer: options.betaInitializer ?? "zeros",
          regularizer: options.betaRegularizer,
          constraint: options.betaConstraint,
        })
      : null;
  return { gamma, beta };
}

/** The axis counted from 0. @throws ValueError if the input has no such axis. */
export function axisOf(where: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(normal) && normal >= 0 && normal < rank) return normal;
  throw new ValueError(where, "the axis does not exist.", {
    received: `axis ${axis} of an input with ${rank} axes.`,
    expected: `integers from ${-rank} to ${rank - 1}.`,
    fix: "change axis, or the shape of the data.",
  });
}

/** @throws ShapeError unless the input has the extent the weights were made for. */
export function checkExtent(where: string, x: Tensor, axis: number, extent: number): void {
  if (x.shape[axis] === extent) return;
  throw new ShapeError(where, "the input does not fit the weights.", {
    received: `an input of shape [${x.shape.join()}].`,
    expected: `${extent} along axis ${axis}: the layer was built for it.`,
    fix: "check the data, or make a new layer for it.",
  });
}

/** A vector with an axis for each of `rank`, its numbers along `axis`. */
export function alongAxis(vector: Variable | null, axis: number, rank: number): Tensor | null {
  if (!vector) return null;
  return ops.reshape(
    vector,
    Array.from({ length: rank }, (_, i) => (i === axis ? (vector.shape[0] as number) : 1)),
  );
}

/** @file GroupNormalization: mean 0 and variance 1 over each group of channels of each sample. */
import { ops, type Tensor, ValueError, type Variable } from "@tenrec/tensor";
import { Layer, type Shape } from "../layer.ts";
import { addNormWeights, axisOf, checkExtent, type NormOptions } from "./normWeights.ts";

export interface GroupNormalizationOptions extends NormOptions {
  /** Number of groups, a divisor of the channels; -1: as many as channels (instance norm). */
  readonly groups?: number;
  /** Axis of the channels. */
  readonly axis?: number;
}

/**
 * The channels are cut into groups; each group of each sample gets mean 0 and variance 1, then gamma and beta of its channels.
 *
 * Weights: `gamma`, `beta` [channels].
 * @example
 * new layers.GroupNormalization({ groups: 8 });
 */
export class GroupNormalization extends Layer {
  static override readonly className: string = "GroupNormalization";
  override readonly innerDtype = "float32";
  override supportsMasking = true;
  readonly groups: number;
  readonly axis: number;
  readonly epsilon: number;
  gamma: Variable | null = null;
  beta: Variable | null = null;
  #channels = 0;
  readonly #options: GroupNormalizationOptions;

  constructor(options: GroupNormalizationOptions = {}) {
    super(options);
    this.groups = checkedGroups(this.name, options.groups ?? 32);
    this.axis = options.axis ?? -1;
    this.epsilon = options.epsilon ?? 1e-3;
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    this.#channels = inputShape[axisOf(this.name, this.axis, inputShape.length)] as number;
    if (this.#channels % this.#numGroups() !== 0) throw notDividing(this.name, this.groups, this.#channels);
    Object.assign(this, addNormWeights(this, [this.#channels], this.#options));
  }

  #numGroups(): number {
    return this.groups === -1 ? this.#channels : this.groups;
  }

  override call(inputs: Tensor): Tensor {
    const axis = axisOf(this.name, this.axis, inputs.ndim);
    checkExtent(this.name, inputs, axis, this.#channels);
    const groups = this.#numGroups();
    const cut = (extents: Shape): number[] => [
      ...extents.slice(0, axis),
      groups,
      this.#channels / groups,
      ...extents.slice(axis + 1),
    ];
    const part = (weight: Variable | null): Tensor | null =>
      weight && ops.reshape(weight, cut(inputs.shape.map(() => 1)));
    const shape = cut(inputs.shape);
    const normalized = ops.layerNormalization(ops.reshape(inputs, shape), {
      gamma: part(this.gamma),
      beta: part(this.beta),
      axis: shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis),
      epsilon: this.epsilon,
    });
    return ops.reshape(normalized, inputs.shape);
  }

  override getConfig(): Record<string, unknown> {
    const { groups, axis, epsilon } = this;
    const { center = true, scale = true } = this.#options;
    return { ...super.getConfig(), groups, axis, epsilon, center, scale };
  }
}

function checkedGroups(where: string, groups: number): number {
  if (Number.isInteger(groups) && (groups > 0 || groups === -1)) return groups;
  throw new ValueError(where, "groups is not a number of groups.", {
    received: `groups = ${String(groups)}`,
    expected: "1, 2, 3, ..., or -1 for as many as there are channels.",
    fix: "pass { groups: 8 }.",
  });
}

function notDividing(where: string, groups: number, channels: number): ValueError {
  return new ValueError(where, "the groups do not divide the channels.", {
    received: `${groups} groups of ${channels} channels.`,
    expected: `a divisor of ${channels}.`,
    fix: "change groups, or the units or filters of the layer before.",
  });
}

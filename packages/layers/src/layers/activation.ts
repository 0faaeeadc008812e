/** @file Activation: a function of its input, by name or as it is. */
import type { Tensor } from "@tenrec/tensor";
import { type Activation as ActivationFunction, activationName, getActivation } from "../activations/get.ts";
import type { Identifier } from "../identifiers.ts";
import { Layer, type LayerOptions } from "../layer.ts";

/**
 * Applies an activation function; the shape stays.
 * @example
 * new layers.Activation("relu").apply([[-1, 2]]); // [[0, 2]]
 */
export class Activation extends Layer {
  static override readonly className: string = "Activation";
  override supportsMasking = true;
  readonly activation: ActivationFunction;

  constructor(activation: Identifier<ActivationFunction>, options: LayerOptions = {}) {
    super(options);
    this.activation = getActivation(activation);
  }

  override call(inputs: Tensor): Tensor {
    return this.activation(inputs);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), activation: activationName(this.activation) };
  }
}

/** @file Sequential: layers one after another. */
import { Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type RunOptions, type Values } from "../layer.ts";
import { attachMasks } from "../masks.ts";
import type { KerasTensor } from "./kerasTensor.ts";
import { Model } from "./model.ts";
import { findSymbolic } from "./symbolic.ts";

/**
 * Layers one after another.
 *
 * @example
 * const model = new Sequential([
 *   new layers.Dense(128, { activation: "relu" }),
 *   new layers.Dense(10, { activation: "softmax" }),
 * ]);
 */
export class Sequential extends Model {
  static override readonly className: string = "Sequential";
  readonly #stack: Layer[] = [];

  /** Symbolic value after each layer, where the input is a symbolic tensor. */
  readonly #chain: KerasTensor[] = [];

  constructor(layers: readonly (Layer | KerasTensor)[] = [], options: LayerOptions = {}) {
    super(options);
    for (const layer of layers) this.add(layer);
  }

  /**
   * Appends a layer. Weights are made at once if the input's shape is known: the first entry is an `Input`, or the first layer has
   * `inputShape`.
   */
  add(layer: Layer | KerasTensor): void {
    const added = findSymbolic(layer)?.call.layer ?? layer;
    if (!(added instanceof Layer)) throw notLayer(layer);
    if (this.#stack.includes(added)) throw usedTwice(added);
    this.#stack.push(added);
    if (this.#stack.length === 1 && added.isInput) this.#chain.push(added.output as KerasTensor);
    else if (this.#chain.length > 0) this.#extend(added);
    else this.#rebuild();
  }

  #extend(layer: Layer): void {
    const output = layer.apply(this.#chain.at(-1) as KerasTensor);
    this.#chain.push(output);
    this.outputShape = output.shape;
    this.built = true;
  }

  #rebuild(): void {
    const shape = this.#stack[0]?.inputShape;
    if (!shape) return;
    this.built = false;
    this.build([null, ...shape]);
  }

  override get inputs(): readonly KerasTensor[] {
    return this.#chain.slice(0, 1);
  }
  override get outputs(): readonly KerasTensor[] {
    return this.#chain.slice(-1);
  }

  /** Removes the last layer. */
  pop(): void {
    this.#stack.pop();
    this.#chain.splice(this.#stack.length);
  }

  override get layers(): readonly Layer[] {
    return this.#stack.filter((layer) => !layer.isInput);
  }

  override call(inputs: Values, { training, mask }: RunOptions): Values {
    if (mask && inputs instanceof Tensor) attachMasks([inputs], mask);
    return this.#stack.reduce<Values>((x, layer) => layer.apply<Values>(x, { training }), inputs);
  }
}

function notLayer(value: unknown): ValueError {
  return new ValueError("Sequential", "not a layer.", {
    received: String(value),
    expected: "a Layer object.",
    fix: 'pass objects such as new layers.Dense(10, { activation: "relu" }).',
  });
}

function usedTwice(layer: Layer): ValueError {
  return new ValueError("Sequential", `layer "${layer.name}" is added twice.`, {
    received: "the same object again.",
    expected: "each layer once.",
    fix: "make a new layer, or subclass Model to share weights.",
  });
}

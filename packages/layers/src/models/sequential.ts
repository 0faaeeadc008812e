/** @file Sequential: layers one after another. */
import { ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type Values } from "../layer.ts";
import { Model } from "./model.ts";

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

  constructor(layers: readonly Layer[] = [], options: LayerOptions = {}) {
    super(options);
    for (const layer of layers) this.add(layer);
  }

  /** Appends a layer. Weights are made at once if the input's shape is known (`inputShape`, `InputLayer`). */
  add(layer: Layer): void {
    if (!(layer instanceof Layer)) throw notLayer(layer);
    if (this.#stack.includes(layer)) throw usedTwice(layer);
    this.#stack.push(layer);
    const shape = this.#stack[0]?.inputShape;
    if (!shape) return;
    this.built = false;
    this.build([null, ...shape]);
  }

  /** Removes the last layer. */
  pop(): void {
    this.#stack.pop();
  }

  override get layers(): readonly Layer[] {
    return this.#stack.filter((layer) => !layer.isInput);
  }

  override call(inputs: Values, { training }: { readonly training: boolean }): Values {
    return this.#stack.reduce<Values>((x, layer) => layer.apply<Values>(x, { training }), inputs);
  }

  /** A layer by position or name. */
  getLayer(which: number | string): Layer {
    const found =
      typeof which === "number" ? this.layers.at(which) : this.layers.find(({ name }) => name === which);
    if (found) return found;
    throw new ValueError("getLayer", "there is no such layer.", {
      received: JSON.stringify(which),
      expected: `a position from 0 to ${this.layers.length - 1}, or one of ${this.layers.map(({ name }) => name).join(", ")}.`,
      fix: "check the name in summary().",
    });
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

/** A transformer block for characters, and the positions that it needs to tell their order. */

import { type KerasTensor, Layer, layers, type Tensor, type Variable } from "tenrec";

/** A trained vector for each place of the window, added to what stands there: attention by itself knows no order. */
export class Positions extends Layer {
  static override readonly className: string = "Positions";
  vectors: Variable | null = null;

  override build(shape: readonly number[]): void {
    this.vectors = this.addWeight({ name: "vectors", shape: shape.slice(1), initializer: "random_uniform" });
  }

  override call(inputs: Tensor): Tensor {
    return this.vectors === null ? inputs : inputs.add(this.vectors);
  }
}

/** How much wider than the block its inner dense layer is, as in the first transformers. */
const widening = 4;

/**
 * x + attention(norm(x)), then that + dense(dense(norm(...))), over [batch, steps, width]; no character sees a later one. Gives the
 * layers used and the result.
 */
export function attentionBlock(
  inputs: KerasTensor,
  heads: number,
): readonly [used: readonly Layer[], output: KerasTensor] {
  const width = inputs.shape.at(-1) ?? 1;
  const used: Layer[] = [];
  const use = <Kind extends Layer>(layer: Kind): Kind => {
    used.push(layer);
    return layer;
  };
  const normed = use(new layers.LayerNormalization()).apply(inputs);
  const attention = use(new layers.MultiHeadAttention(heads, Math.max(1, Math.floor(width / heads))));
  const seen = attention.apply([normed, normed], { useCausalMask: true });
  const middle = use(new layers.Add()).apply([inputs, seen]);
  const wide = use(new layers.Dense(widening * width, { activation: "gelu" }));
  const thought = use(new layers.Dense(width)).apply(
    wide.apply(use(new layers.LayerNormalization()).apply(middle)),
  );
  return [used, use(new layers.Add()).apply([middle, thought])];
}

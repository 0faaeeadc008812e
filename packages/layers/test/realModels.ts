/** @file The models that the tests of real training share: MLP, CNN, ResNet-20, LSTM, transformer block, character model. */
import { ops, type Tensor } from "@tenrec/tensor";
import { Input, type KerasTensor, Layer, layers, Model, Sequential } from "../src/index.ts";

export const mlp = (features: number, hidden: number): Sequential =>
  new Sequential([
    new layers.Dense(hidden, { activation: "relu", inputShape: [features] }),
    new layers.Dense(10, { activation: "softmax" }),
  ]);

/** Keras's network for digits, pictures [side, side, 1]. */
export const cnn = (side: number, filters: readonly [number, number] = [32, 64]): Sequential =>
  new Sequential([
    new layers.Conv2D(filters[0], 3, { activation: "relu", inputShape: [side, side, 1] }),
    new layers.MaxPooling2D(),
    new layers.Conv2D(filters[1], 3, { activation: "relu" }),
    new layers.MaxPooling2D(),
    new layers.Flatten(),
    new layers.Dense(10, { activation: "softmax" }),
  ]);

export const lstm = (steps: number, features: number, units: number): Sequential =>
  new Sequential([new layers.LSTM(units, { inputShape: [steps, features] }), new layers.Dense(1)]);

interface ResNetOptions {
  readonly side: number;
  /** Filters of the three stages. */
  readonly stages: readonly number[];
  readonly blocksPerStage: number;
}

/** He et al.'s network for small pictures [side, side, 3]: 6 n + 2 layers for n blocks a stage; 20 by default. */
export function resNet({ side, stages, blocksPerStage }: ResNetOptions): Model {
  const inputs = Input({ shape: [side, side, 3] });
  let x = relu(convolution(inputs, stages[0] as number, 1));
  for (const [stage, filters] of stages.entries()) {
    for (let block = 0; block < blocksPerStage; block++) {
      x = residual(x, filters, stage > 0 && block === 0 ? 2 : 1);
    }
  }
  const pooled = new layers.GlobalAveragePooling2D().apply(x);
  return new Model({ inputs, outputs: new layers.Dense(10, { activation: "softmax" }).apply(pooled) });
}

const relu = (x: KerasTensor): KerasTensor => new layers.ReLU().apply(x);

function convolution(x: KerasTensor, filters: number, strides: number, kernelSize = 3): KerasTensor {
  const convolved = new layers.Conv2D(filters, kernelSize, { strides, padding: "same", useBias: false });
  return new layers.BatchNormalization().apply(convolved.apply(x));
}

function residual(x: KerasTensor, filters: number, strides: number): KerasTensor {
  const inner = convolution(relu(convolution(x, filters, strides)), filters, 1);
  const shortcut = strides > 1 ? convolution(x, filters, strides, 1) : x;
  return relu(new layers.Add().apply([inner, shortcut]));
}

export interface TransformerOptions {
  readonly width: number;
  readonly heads: number;
  readonly steps: number;
}

export interface CharGptOptions extends TransformerOptions {
  readonly blocks: number;
  readonly vocabulary: number;
}

/** Attention and perceptron, each with normalised input and its result added. */
function block(x: KerasTensor, { width, heads }: TransformerOptions, useCausalMask: boolean): KerasTensor {
  const normalized = new layers.LayerNormalization().apply(x);
  const attention = new layers.MultiHeadAttention(heads, width / heads);
  const middle = new layers.Add().apply([x, attention.apply([normalized, normalized], { useCausalMask })]);
  const hidden = new layers.Dense(4 * width, { activation: "gelu" });
  const expanded = hidden.apply(new layers.LayerNormalization().apply(middle));
  return new layers.Add().apply([middle, new layers.Dense(width).apply(expanded)]);
}

export function transformerBlock(options: TransformerOptions): Model {
  const inputs = Input({ shape: [options.steps, options.width] });
  return new Model({ inputs, outputs: block(inputs, options, false) });
}

/** A vector for each character plus one for each position. */
class TokensAndPositions extends Layer {
  readonly tokens: layers.Embedding;
  readonly positions: layers.Embedding;
  constructor({ vocabulary, width, steps }: CharGptOptions) {
    super();
    this.tokens = new layers.Embedding(vocabulary, width);
    this.positions = new layers.Embedding(steps, width);
  }
  override call(x: Tensor): Tensor {
    const positions = ops.arange(x.shape[1] as number);
    return ops.add(this.tokens.apply(x), this.positions.apply(positions));
  }
}

/** Characters [steps] to the logits of the next one at each position. */
export function charGpt(options: CharGptOptions): Model {
  const inputs = Input({ shape: [options.steps], dtype: "int32" });
  let x: KerasTensor = new TokensAndPositions(options).apply(inputs);
  for (let i = 0; i < options.blocks; i++) x = block(x, options, true);
  const normalized = new layers.LayerNormalization().apply(x);
  return new Model({ inputs, outputs: new layers.Dense(options.vocabulary).apply(normalized) });
}

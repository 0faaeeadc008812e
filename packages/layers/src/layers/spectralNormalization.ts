/** @file SpectralNormalization: a layer whose kernel is divided by its largest singular value in training. */
import { ops, type Tensor, ValueError, Variable } from "@tenrec/tensor";
import { TruncatedNormal } from "../initializers/index.ts";
import { Layer, type LayerOptions, type RunOptions, type Shape } from "../layer.ts";
import { checkPositiveInteger } from "./checks.ts";

export interface SpectralNormalizationOptions extends LayerOptions {
  /** Steps of the power iteration at each call in training. */
  readonly powerIterations?: number;
}

/**
 * A layer with a `kernel` (or the `embeddings` of an Embedding) that each call in training first divides by an estimate of its largest singular
 * value, as a matrix [.., last extent] (Miyato et al. 2018). The kernel is overwritten and gradients are those of the normalized one, as in
 * Keras on TensorFlow and PyTorch; on JAX Keras's `fit` forgets the assignment. A kernel of zeros stays as it is.
 *
 * Weights: those of the layer, and `vector_u` [1, last extent], not trained.
 * @param layer - Dense, a convolution, Embedding, ...
 * @throws ValueError if the layer has neither kernel nor embeddings, or powerIterations is not 1, 2, 3, ...
 * @example
 * new layers.SpectralNormalization(new layers.Conv2D(64, 3), { powerIterations: 2 });
 */
export class SpectralNormalization extends Layer {
  static override readonly className: string = "SpectralNormalization";
  override readonly innerDtype = "float32";
  readonly layer: Layer;
  readonly powerIterations: number;
  kernel: Variable | null = null;
  vectorU: Variable | null = null;

  constructor(layer: Layer, { powerIterations = 1, ...options }: SpectralNormalizationOptions = {}) {
    super(options);
    this.layer = layer;
    this.powerIterations = checkPositiveInteger(this.name, "powerIterations", powerIterations);
  }

  override build(inputShape: Shape): void {
    if (!this.layer.built) {
      this.layer.build(inputShape);
      this.layer.built = true;
    }
    this.kernel = this.#kernelOfLayer();
    this.vectorU = this.addWeight({
      name: "vector_u",
      shape: [1, this.kernel.shape.at(-1) as number],
      initializer: new TruncatedNormal({ stddev: 0.02 }),
      trainable: false,
    });
  }

  #kernelOfLayer(): Variable {
    const { kernel, embeddings } = this.layer as Layer & { kernel?: unknown; embeddings?: unknown };
    for (const weight of [kernel, embeddings]) if (weight instanceof Variable) return weight;
    throw new ValueError(this.name, "the layer has nothing to normalize.", {
      received: `${this.layer.className} "${this.layer.name}" without kernel or embeddings.`,
      expected: "a layer with one of these weights: Dense, Conv2D, Embedding, ...",
      fix: "wrap such a layer.",
    });
  }

  /** The vector u after the power iteration, and the kernel divided by u's and v's estimate of the singular value. */
  normalizedWeights(): [vectorU: Tensor, kernel: Tensor] {
    const [kernel, vectorU] = [this.kernel as Variable, this.vectorU as Variable];
    const weights = ops.reshape(kernel, [-1, kernel.shape.at(-1) as number]);
    let u: Tensor = vectorU;
    let v: Tensor = u;
    for (let i = 0; i < this.powerIterations; i++) {
      v = ops.normalize(ops.matmul(u, ops.transpose(weights)), { axis: null });
      u = ops.normalize(ops.matmul(v, weights), { axis: null });
    }
    const sigma = ops.reshape(ops.matmul(ops.matmul(v, weights), ops.transpose(u)), []);
    const isZero = ops.all(ops.equal(kernel, 0));
    return [ops.where(isZero, vectorU, u), ops.where(isZero, kernel, ops.divide(kernel, sigma))];
  }

  override call(inputs: Tensor, { training }: RunOptions): Tensor {
    if (training) {
      const [vectorU, kernel] = this.normalizedWeights();
      (this.vectorU as Variable).assign(ops.stopGradient(vectorU));
      (this.kernel as Variable).assign(ops.stopGradient(kernel));
    }
    return this.layer.apply(inputs);
  }

  override getConfig(): Record<string, unknown> {
    const layer = { className: this.layer.className, config: this.layer.getConfig() };
    return { ...super.getConfig(), layer, powerIterations: this.powerIterations };
  }
}

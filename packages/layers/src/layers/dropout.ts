/** @file Dropout: random zeros in training. */
import { random, type Tensor } from "@tenrec/tensor";
import { type CallOptions, Layer, type LayerOptions, type OpenShape } from "../layer.ts";
import { checkRange } from "./checks.ts";

export interface DropoutOptions extends LayerOptions {
  /** Shape of the mask, which broadcasts; null stands for the input's extent. */
  readonly noiseShape?: OpenShape | null;
  /** Equal seeds give the masks of Keras on JAX. */
  readonly seed?: number | null;
}

/**
 * In training sets a share `rate` of the elements to 0 and divides the others by 1 - rate; else passes the input on.
 *
 * @example
 * new layers.Dropout(0.5).apply(ops.ones([2, 2]), { training: true }); // zeros and twos
 */
export class Dropout extends Layer {
  static override readonly className: string = "Dropout";
  override supportsMasking = true;
  readonly rate: number;
  readonly noiseShape: OpenShape | null;
  readonly seedGenerator: random.SeedGenerator;
  readonly #seed: number | null;

  constructor(rate: number, options: DropoutOptions = {}) {
    super(options);
    this.rate = checkRange(this.name, "rate", rate, 0, 1);
    this.noiseShape = options.noiseShape ?? null;
    this.#seed = options.seed ?? null;
    this.seedGenerator = new random.SeedGenerator(this.#seed);
  }

  override call(inputs: Tensor, { training }: Required<CallOptions>): Tensor {
    if (!training || this.rate === 0) return inputs;
    return random.dropout(inputs, this.rate, { noiseShape: this.noiseShape, seed: this.seedGenerator });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), rate: this.rate, seed: this.#seed, noiseShape: this.noiseShape };
  }
}

/** @file A training step written by hand with a tape and public operations, run without jit: what a beginner writes. */
import { GradientTape } from "../src/autodiff/tape.ts";
import { sparseCategoricalCrossentropy } from "../src/ops/nn.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { Variable } from "../src/variable.ts";
import { wave } from "./mlpStep.ts";

export interface TapeSizes {
  readonly batch: number;
  readonly features: number;
  readonly units: number;
  readonly classes: number;
}

/** An MLP with Adam; every temporary stays a tensor that nobody disposes of. */
export class TapeTraining {
  readonly parameters: readonly [Variable, Variable, Variable, Variable];
  readonly #moments: readonly Variable[];
  readonly #velocities: readonly Variable[];
  readonly #x: Tensor;
  readonly #y: Tensor;
  #steps = 0;

  constructor({ batch, features, units, classes }: TapeSizes) {
    const variable = (data: Float32Array, shape: number[]) => new Variable({ data, shape });
    this.parameters = [
      variable(wave(features * units, 2), [features, units]),
      variable(new Float32Array(units), [units]),
      variable(wave(units * classes, 3), [units, classes]),
      variable(new Float32Array(classes), [classes]),
    ];
    const zeros = ({ size, shape }: Variable) => variable(new Float32Array(size), [...shape]);
    this.#moments = this.parameters.map(zeros);
    this.#velocities = this.parameters.map(zeros);
    this.#x = tensor(wave(batch * features, 1, 1), { shape: [batch, features] });
    this.#y = tensor(Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes));
  }

  /** One step; the loss is not read. */
  step(): Tensor {
    const [w1, b1, w2, b2] = this.parameters;
    const tape = new GradientTape();
    const loss = tape.run(() => {
      const logits = this.#x.matmul(w1).add(b1).relu().matmul(w2).add(b2);
      return sparseCategoricalCrossentropy(this.#y, logits, { fromLogits: true }).mean();
    });
    this.#adam(tape.gradient(loss, this.parameters));
    return loss;
  }

  #adam(gradients: readonly Tensor[]): void {
    const t = ++this.#steps;
    const rate = (0.001 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
    for (const [i, parameter] of this.parameters.entries()) {
      const [m, v, g] = [this.#moments[i], this.#velocities[i], gradients[i]] as [Variable, Variable, Tensor];
      m.assign(m.mul(0.9).add(g.mul(0.1)));
      v.assign(v.mul(0.999).add(g.square().mul(0.001)));
      parameter.assignSub(m.mul(rate).div(v.sqrt().add(1e-7)));
    }
  }
}

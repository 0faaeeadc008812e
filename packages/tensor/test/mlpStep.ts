/** @file A whole training step of a two-layer network, written with public operations: gather, forward, loss, gradients, metrics, Adam. */
import { gradients } from "../src/autodiff/tape.ts";
import { ops, tensor } from "../src/index.ts";
import type { Tensor } from "../src/tensor.ts";
import { Variable } from "../src/variable.ts";

export interface MlpSizes {
  readonly rows: number;
  readonly features: number;
  readonly units: number;
  readonly classes: number;
}

export const mnistSizes: MlpSizes = { rows: 1000, features: 784, units: 128, classes: 10 };

/** Deterministic numbers around 0. */
export const wave = (n: number, phase: number, size = 0.05): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + phase) * size);

function variable(data: Float32Array | Int32Array, shape: readonly number[], trainable = false): Variable {
  return new Variable({ data, shape }, { trainable });
}

const scalar = (value: number): Variable => variable(Float32Array.of(value), []);
const counter = (): Variable => variable(Int32Array.of(0), []);

/** Parameters, moments and running totals of the network, and its step. */
export class MlpTraining {
  readonly parameters: readonly Variable[];
  readonly moments: readonly Variable[];
  readonly velocities: readonly Variable[];
  readonly learningRate = scalar(0.001);
  readonly step = counter();
  readonly cursor = counter();
  readonly badStep = counter();
  readonly lossTotal = scalar(0);
  readonly lossCount = scalar(0);
  readonly rightTotal = scalar(0);
  readonly rightCount = scalar(0);
  readonly order: Variable;
  readonly weighted: boolean;
  readonly #rows: number;

  constructor({ rows, features, units, classes }: MlpSizes, weighted: boolean) {
    this.weighted = weighted;
    this.#rows = rows;
    this.parameters = [
      variable(wave(features * units, 2), [features, units], true),
      variable(new Float32Array(units), [units], true),
      variable(wave(units * classes, 3), [units, classes], true),
      variable(new Float32Array(classes), [classes], true),
    ];
    const zeros = ({ size, shape }: Variable) => variable(new Float32Array(size), shape);
    this.moments = this.parameters.map(zeros);
    this.velocities = this.parameters.map(zeros);
    this.order = variable(
      Int32Array.from({ length: rows }, (_, i) => i),
      [rows],
    );
  }

  /** Small variables that one kernel updates. */
  get state(): readonly Variable[] {
    const totals = [this.lossTotal, this.lossCount, this.rightTotal, this.rightCount];
    return [this.learningRate, this.step, this.cursor, this.badStep, ...totals];
  }

  /** One step on the next `batch` rows of the data. */
  run(x: Tensor, y: Tensor, weights: Tensor, batch: number): void {
    const [xb, yb, wb] = this.#batch([x, y, weights], batch) as [Tensor, Tensor, Tensor];
    const [w1, b1, w2, b2] = this.parameters as [Variable, Variable, Variable, Variable];
    const logits = xb.matmul(w1).add(b1).relu().matmul(w2).add(b2);
    const each = ops.sparseCategoricalCrossentropy(yb, logits, { fromLogits: true });
    const loss = (this.weighted ? each.mul(wb) : each).sum().div(batch);
    const found = gradients(loss, this.parameters) as Tensor[];
    this.#measure(loss, ops.softmax(logits), yb, this.weighted ? wb : null, batch);
    this.#adam(loss, found);
  }

  #batch(data: readonly Tensor[], batch: number): Tensor[] {
    const rows = ops.take(this.order, this.cursor.add(ops.arange(batch, null, 1, { dtype: "int32" })));
    const next = this.cursor.add(batch);
    const taken = data.map((one) => ops.take(one, rows, { axis: 0 }));
    this.cursor.assign(ops.where(ops.greaterEqual(next, this.#rows), 0, next));
    return taken;
  }

  #measure(loss: Tensor, guess: Tensor, labels: Tensor, weights: Tensor | null, batch: number): void {
    const isRight = ops.equal(guess.argmax({ axis: 1 }), labels).cast("float32");
    this.lossTotal.assignAdd(loss.mul(batch));
    this.lossCount.assignAdd(batch);
    this.rightTotal.assignAdd((weights ? isRight.mul(weights) : isRight).sum());
    this.rightCount.assignAdd(weights ? weights.sum() : tensor(batch));
  }

  /** The update of Adam, left out from the first non-finite loss on. */
  #adam(loss: Tensor, found: readonly Tensor[]): void {
    const step = this.step.add(1);
    const isFirst = ops.logicalAnd(ops.logicalNot(ops.isfinite(loss)), ops.equal(this.badStep, 0));
    const bad = ops.where(isFirst, step, this.badStep);
    this.badStep.assign(bad);
    this.step.assign(step);
    const isBad = ops.greaterEqual(bad, 1);
    const t = step.cast("float32");
    const corrected = (beta: number) => ops.subtract(1, ops.power(beta, t));
    const rate = this.learningRate.mul(corrected(0.999).sqrt()).div(corrected(0.9));
    this.parameters.forEach((parameter, i) => {
      const [m, v, g] = [this.moments[i], this.velocities[i], found[i]] as [Variable, Variable, Tensor];
      const m2 = m.add(g.sub(m).mul(0.1));
      const v2 = v.add(g.square().sub(v).mul(0.001));
      const next = parameter.sub(rate.mul(m2).div(v2.sqrt().add(1e-7)));
      m.assign(ops.where(isBad, m, m2));
      v.assign(ops.where(isBad, v, v2));
      parameter.assign(ops.where(isBad, parameter, next));
    });
  }
}

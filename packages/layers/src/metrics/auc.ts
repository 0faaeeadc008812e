/** @file AUC: the area under a curve of two rates, from counts at thresholds. */
import {
  handleFree,
  ops,
  ShapeError,
  type Tensor,
  type TensorLike,
  ValueError,
  type Variable,
} from "@tenrec/tensor";
import { findName } from "../identifiers.ts";
import { Metric, type MetricOptions, type UpdateOptions } from "./metric.ts";
import { checkedThresholds, type Outcomes, outcomesOf, truthOf } from "./positives.ts";

/** True over false positive rate, precision over recall, or the gains of those over chance. */
export type Curve = "ROC" | "PR" | "PRGAIN";
export type SummationMethod = "interpolation" | "minoring" | "majoring";

export interface AUCOptions extends MetricOptions {
  /** Number of thresholds, evenly spread over [0, 1]; 200. */
  readonly numThresholds?: number;
  readonly curve?: Curve;
  /** How the area between two thresholds is found. */
  readonly summationMethod?: SummationMethod;
  /** Own thresholds in [0, 1]; two more are added at the ends. */
  readonly thresholds?: readonly number[] | null;
  /** The mean of one area per label (the last axis) instead of one area of everything. */
  readonly multiLabel?: boolean;
  /** Number of labels, needed with `multiLabel`. */
  readonly numLabels?: number | null;
  /** Weights of the labels. */
  readonly labelWeights?: readonly number[] | null;
  /** Predictions are logits, not probabilities. */
  readonly fromLogits?: boolean;
}

const curves: readonly Curve[] = ["ROC", "PR", "PRGAIN"];
const methods: readonly SummationMethod[] = ["interpolation", "minoring", "majoring"];
/** Keras's epsilon: the first and last threshold lie outside of [0, 1]. */
const epsilon = 1e-7;

/** The four counts of the confusion matrix at each threshold. */
interface Counts {
  readonly tp: Tensor;
  readonly fp: Tensor;
  readonly fn: Tensor;
  readonly tn: Tensor;
}

/**
 * Area under the ROC (or precision-recall) curve, by sums over thresholds.
 *
 * @example
 * const auc = new metrics.AUC({ numThresholds: 3 });
 * auc.updateState([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]);
 * await auc.result().item(); // 0.75
 */
export class AUC extends Metric {
  static override readonly className: string = "AUC";
  readonly options: AUCOptions;
  readonly curve: Curve;
  readonly summationMethod: SummationMethod;
  /** All thresholds, the two ends included. */
  readonly thresholds: readonly number[];
  /** Weight of true and of false elements above each threshold, [thresholds] or [thresholds, labels]. */
  readonly truePositives: Variable;
  readonly falsePositives: Variable;
  readonly #isEven: boolean;

  constructor(options: AUCOptions = {}) {
    super(options);
    this.options = options;
    this.curve = findName(this.name, "curve", options.curve ?? "ROC", curves) as Curve;
    const method = options.summationMethod ?? "interpolation";
    this.summationMethod = findName(this.name, "summationMethod", method, methods) as SummationMethod;
    const inner = innerThresholds(this.name, options);
    this.thresholds = [-epsilon, ...inner, 1 + epsilon];
    this.#isEven = isEven([0, ...inner, 1]);
    const labels = labelShape(this.name, options);
    this.truePositives = this.addVariable([this.thresholds.length, ...labels], "true_positives");
    this.falsePositives = this.addVariable([this.thresholds.length, ...labels], "false_positives");
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    handleFree(() => {
      const score = this.options.fromLogits ? ops.sigmoid(yPred) : yPred;
      const outcomes = this.#laidOut(outcomesOf(this.name, [yTrue, score], options.sampleWeight));
      const isAbove = this.#isEven ? this.#evenlyAbove(outcomes.score) : this.#above(outcomes.score);
      const add = (count: Variable, isMeant: Tensor) => {
        const worth = outcomes.weight ? ops.multiply(isMeant, outcomes.weight) : isMeant;
        count.assignAdd(ops.sum(ops.where(isAbove, worth, 0), { axis: 1 }));
      };
      const truth = truthOf(outcomes.target);
      add(this.truePositives, truth);
      add(this.falsePositives, ops.subtract(1, truth));
    });
  }

  /** [1, elements], or [1, samples, labels]: thresholds become the first axis. */
  #laidOut({ target, score, weight }: Outcomes): Outcomes {
    const { multiLabel, labelWeights } = this.options;
    if (multiLabel && score.shape.at(-1) !== this.truePositives.shape[1]) throw this.#wrongLabels(score);
    const labelled = labelWeights && !multiLabel ? ops.broadcastTo([...labelWeights], score.shape) : null;
    const worth = labelled && weight ? ops.multiply(weight, labelled) : (labelled ?? weight);
    const shape = multiLabel ? [1, -1, this.truePositives.shape[1] as number] : [1, score.size];
    const flat = (x: Tensor) => ops.reshape(x, shape);
    return { target: flat(target), score: flat(score), weight: worth ? flat(worth) : null };
  }

  #wrongLabels(score: Tensor): ShapeError {
    return new ShapeError(this.name, "the predictions do not have the labels.", {
      received: `predictions of shape [${score.shape.join()}].`,
      expected: `[samples, ${this.truePositives.shape[1]}].`,
      fix: "set numLabels to the number of outputs.",
    });
  }

  /** Evenly spread thresholds are found by arithmetic, as in Keras: rounding puts ties on the same side. */
  #evenlyAbove(score: Tensor): Tensor {
    const numThresholds = this.thresholds.length;
    const bucket = ops.subtract(ops.ceil(ops.multiply(ops.clip(score, 0, 1), numThresholds - 1)), 1);
    return ops.greaterEqual(ops.maximum(bucket, 0), this.#column(ops.arange(numThresholds)));
  }

  #above(score: Tensor): Tensor {
    return ops.greater(ops.clip(score, 0, 1), this.#column(ops.multiply([...this.thresholds], 1)));
  }

  /** A number per threshold, with axes of 1 for what it is compared with. */
  #column(values: Tensor): Tensor {
    const rank = this.options.multiLabel ? 2 : 1;
    return ops.reshape(ops.cast(values, "float32"), [-1, ...Array.from({ length: rank }, () => 1)]);
  }

  override result(): Tensor {
    return handleFree(() => {
      const counts = this.#counts();
      const isDavis = this.curve === "PR" && this.summationMethod === "interpolation";
      return this.#combined(isDavis ? davisGoadrich(counts) : this.#riemann(counts));
    });
  }

  /** The first threshold is below every prediction, so its counts are the totals. */
  #counts(): Counts {
    const [tp, fp] = [this.truePositives, this.falsePositives];
    const total = (x: Tensor) => x.slice(zeros(x), [1, ...x.shape.slice(1)]);
    return { tp, fp, fn: ops.subtract(total(tp), tp), tn: ops.subtract(total(fp), fp) };
  }

  #riemann(counts: Counts): Tensor {
    const [x, y] = axesOf(this.curve, counts);
    const [left, right] = neighbours(y);
    const heights = {
      interpolation: () => ops.divide(ops.add(left, right), 2),
      minoring: () => ops.minimum(left, right),
      majoring: () => ops.maximum(left, right),
    }[this.summationMethod]();
    const [from, to] = neighbours(x);
    return ops.multiply(ops.subtract(from, to), heights);
  }

  /** Sum over the thresholds, then the mean over labels. */
  #combined(parts: Tensor): Tensor {
    const { multiLabel, labelWeights } = this.options;
    if (!multiLabel) return ops.sum(parts);
    const areas = ops.sum(parts, { axis: 0 });
    if (!labelWeights) return ops.mean(areas);
    const total = labelWeights.reduce((sum, weight) => sum + weight, 0);
    return ops.divideNoNan(ops.sum(ops.multiply(areas, [...labelWeights])), total);
  }

  override getConfig(): Record<string, unknown> {
    const { multiLabel = false, numLabels = null, labelWeights = null, fromLogits = false } = this.options;
    const { curve, summationMethod, thresholds } = this;
    return {
      ...super.getConfig(),
      numThresholds: thresholds.length,
      curve,
      summationMethod,
      multiLabel,
      numLabels,
      labelWeights,
      fromLogits,
      ...(this.options.thresholds ? { thresholds: thresholds.slice(1, -1) } : {}),
    };
  }
}

const zeros = (x: Tensor): number[] => x.shape.map(() => 0);

/** Values at each threshold but the last, and at each but the first. */
function neighbours(x: Tensor): readonly [Tensor, Tensor] {
  const size = [(x.shape[0] as number) - 1, ...x.shape.slice(1)];
  return [x.slice(zeros(x), size), x.slice([1, ...x.shape.slice(1).map(() => 0)], size)];
}

/** Both coordinates of the curve at each threshold. */
function axesOf(curve: Curve, { tp, fp, fn, tn }: Counts): readonly [Tensor, Tensor] {
  const share = (part: Tensor, rest: Tensor) => ops.divideNoNan(part, ops.add(part, rest));
  if (curve === "ROC") return [share(fp, tn), share(tp, fn)];
  if (curve === "PR") return [share(tp, fn), share(tp, fp)];
  const odds = ops.divideNoNan(ops.add(tp, fn), ops.add(tn, fp));
  const gain = (missed: Tensor) => ops.subtract(1, ops.multiply(odds, ops.divideNoNan(missed, tp)));
  const isEmpty = ops.equal(tp, 0);
  return [ops.maximum(ops.where(isEmpty, 0, gain(fn)), 0), ops.where(isEmpty, 1, gain(fp))];
}

/**
 * Area under the precision-recall curve with true and false positives linear between thresholds (Davis and Goadrich 2006,
 * "The relationship between precision-recall and ROC curves", section 4), as Keras integrates it:
 * slope (dTP + intercept log(P_b / P_a)) / positives, with P = TP + FP, slope = dTP / dP, intercept = TP - slope P.
 */
function davisGoadrich({ tp, fp, fn }: Counts): Tensor {
  const [tpFrom, tpTo] = neighbours(tp);
  const [from, to] = neighbours(ops.add(tp, fp));
  const hits = ops.subtract(tpFrom, tpTo);
  const slope = ops.divideNoNan(hits, ops.maximum(ops.subtract(from, to), 0));
  const intercept = ops.subtract(tpTo, ops.multiply(slope, to));
  const isPositive = ops.logicalAnd(ops.greater(from, 0), ops.greater(to, 0));
  const ratio = ops.where(isPositive, ops.divideNoNan(from, ops.maximum(to, 0)), 1);
  const area = ops.multiply(slope, ops.add(hits, ops.multiply(intercept, ops.log(ratio))));
  return ops.divideNoNan(area, ops.maximum(ops.add(tpTo, neighbours(fn)[1]), 0));
}

function innerThresholds(where: string, { thresholds, numThresholds = 200 }: AUCOptions): readonly number[] {
  if (thresholds) return checkedThresholds(where, thresholds).toSorted((a, b) => a - b);
  if (Number.isInteger(numThresholds) && numThresholds > 1) {
    return Array.from({ length: numThresholds - 2 }, (_, i) => (i + 1) / (numThresholds - 1));
  }
  throw new ValueError(where, "too few thresholds.", {
    received: `numThresholds = ${numThresholds}`,
    expected: "an integer above 1.",
    fix: "use the default of 200.",
  });
}

/** Whether threshold i is i / (n - 1), as far as Keras looks (numpy's allclose). */
function isEven(thresholds: readonly number[]): boolean {
  if (thresholds.length < 3) return false;
  return thresholds.every((one, i) => {
    const even = i / (thresholds.length - 1);
    return Math.abs(one - even) <= epsilon + 1e-5 * even;
  });
}

function labelShape(where: string, { multiLabel = false, numLabels = null }: AUCOptions): readonly number[] {
  if (!multiLabel && numLabels === null) return [];
  if (multiLabel && Number.isInteger(numLabels)) return [numLabels as number];
  throw new ValueError(where, "multiLabel and numLabels go together.", {
    received: `multiLabel = ${multiLabel}, numLabels = ${numLabels}`,
    expected: "both, or neither.",
    fix: "pass { multiLabel: true, numLabels: 3 } for three outputs.",
  });
}

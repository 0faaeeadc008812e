/** @file Counts of predictions above thresholds, by truth: what precision, recall and the areas under curves are made of. */
import { ops, ShapeError, type Tensor, type TensorLike, ValueError } from "@tenrec/tensor";
import { asFloat, asTensor, sameRank } from "../tensors.ts";

export interface Selection {
  /** Only the k largest predictions of each row may be positive. */
  readonly topK: number | null;
  /** Only this class counts. */
  readonly classId: number | null;
}

/** Target, prediction and weight of each element, all of one shape; null for weights of 1. */
export interface Outcomes {
  readonly target: Tensor;
  readonly score: Tensor;
  readonly weight: Tensor | null;
}

/** Score of predictions that are out of the question, below every other; not infinite, since WGSL assumes finite mathematics. */
export const leastScore = -1e10;

/** Brings targets, predictions and weights together as Keras does. */
export function outcomesOf(
  where: string,
  [yTrue, yPred]: readonly [TensorLike, TensorLike],
  sampleWeight: TensorLike | null | undefined,
  { topK, classId }: Selection = { topK: null, classId: null },
): Outcomes {
  const [score, wanted] = sameRank(asFloat(yPred), asTensor(yTrue));
  if (score.shape.join() !== wanted.shape.join()) throw unequal(where, wanted, score);
  const ranked = topK === null ? score : onlyTop(where, score, topK);
  const chosen = (x: Tensor) => (classId === null ? x : oneClass(where, x, classId));
  const [target, values] = [chosen(wanted), chosen(ranked)];
  const hasWeight = sampleWeight !== undefined && sampleWeight !== null;
  return { target, score: values, weight: hasWeight ? weightsLike(asFloat(sampleWeight), values) : null };
}

/** 1 where the target is not 0. To be taken after all reshaping: then it is computed in one kernel with the rest. */
export const truthOf = (target: Tensor): Tensor => ops.cast(ops.notEqual(target, 0), "float32");

/** One weight per row, or per element, spread over the elements. */
function weightsLike(weight: Tensor, like: Tensor): Tensor {
  let fitted = weight;
  while (fitted.ndim < like.ndim) fitted = ops.expandDims(fitted, -1);
  while (fitted.ndim > like.ndim && fitted.shape.at(-1) === 1) fitted = ops.squeeze(fitted, { axis: -1 });
  return ops.broadcastTo(fitted, like.shape);
}

/** Predictions that are not among the k largest of their row become -1e10; of equal ones the first count. */
function onlyTop(where: string, score: Tensor, k: number): Tensor {
  const classes = score.shape.at(-1) as number;
  if (score.ndim < 2 || !(Number.isInteger(k) && k >= 1 && k <= classes)) throw badTopK(where, score, k);
  const [own, others] = [ops.expandDims(score, -1), ops.expandDims(score, -2)];
  const position = ops.arange(classes);
  const isBefore = ops.less(ops.expandDims(position, 0), ops.expandDims(position, 1));
  const isAhead = ops.logicalOr(ops.greater(others, own), ops.logicalAnd(ops.equal(others, own), isBefore));
  const rank = ops.sum(ops.cast(isAhead, "float32"), { axis: -1 });
  return ops.where(ops.less(rank, k), score, leastScore);
}

function oneClass(where: string, x: Tensor, classId: number): Tensor {
  const classes = x.shape.at(-1) as number;
  if (x.ndim < 2 || !(Number.isInteger(classId) && classId >= 0 && classId < classes)) {
    throw badClass(where, x, classId);
  }
  const begin = x.shape.map((_, axis) => (axis === x.ndim - 1 ? classId : 0));
  const size = x.shape.map((extent, axis) => (axis === x.ndim - 1 ? 1 : extent));
  return x.slice(begin, size);
}

/** Thresholds in [0, 1], as a list. */
export function checkedThresholds(where: string, thresholds: number | readonly number[]): readonly number[] {
  const list = typeof thresholds === "number" ? [thresholds] : thresholds;
  const bad = list.find((one) => !(one >= 0 && one <= 1));
  if (bad === undefined) return list;
  throw new ValueError(where, "a threshold is not a probability.", {
    received: String(bad),
    expected: "numbers from 0 to 1.",
    fix: "with logits as predictions, apply a sigmoid first or give AUC { fromLogits: true }.",
  });
}

function unequal(where: string, yTrue: Tensor, yPred: Tensor): ShapeError {
  return new ShapeError(where, "targets and predictions differ in shape.", {
    received: `yTrue [${yTrue.shape.join()}], yPred [${yPred.shape.join()}].`,
    expected: "equal shapes: 0 or 1 for each prediction.",
    fix: "turn class labels into one-hot rows with utils.toCategorical, or use a metric for labels.",
  });
}

function badTopK(where: string, score: Tensor, k: number): ValueError {
  return new ValueError(where, "topK does not fit the predictions.", {
    received: `topK = ${k} for predictions of shape [${score.shape.join()}].`,
    expected: "an integer from 1 to the number of classes, and rows of classes.",
    fix: "change topK.",
  });
}

function badClass(where: string, x: Tensor, classId: number): ValueError {
  return new ValueError(where, "classId does not fit the predictions.", {
    received: `classId = ${classId} for predictions of shape [${x.shape.join()}].`,
    expected: "an integer from 0 below the number of classes, and rows of classes.",
    fix: "change classId.",
  });
}

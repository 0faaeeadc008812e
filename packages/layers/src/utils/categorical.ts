/** @file Class labels and one-hot rows. */
import { type HostArray, ops, Tensor, type TensorLike, tensor, ValueError } from "@tenrec/tensor";

/**
 * Labels as rows with a 1 at the label: [n] or [n, 1] to float32 [n, numClasses].
 *
 * @param labels - Integers from 0; nested or typed arrays, or a tensor.
 * @param numClasses - Number of columns; the largest label plus 1 by default (for data on the host).
 * @throws ValueError if a label on the host is no integer from 0 below `numClasses`, or a tensor comes without `numClasses`.
 * @example
 * utils.toCategorical([0, 2]); // [[1, 0, 0], [0, 0, 1]]
 */
export function toCategorical(labels: TensorLike, numClasses?: number): Tensor {
  const isTensor = labels instanceof Tensor;
  if (isTensor && numClasses === undefined) throw unknownClasses();
  const classes = isTensor ? (numClasses as number) : checkedClasses(flatten(labels), numClasses);
  const x = ops.cast(isTensor ? labels : tensor(labels), "int32");
  const isColumn = x.ndim > 1 && x.shape.at(-1) === 1;
  return ops.oneHot(isColumn ? ops.squeeze(x, { axis: -1 }) : x, classes);
}

/** All numbers of host data, in order. */
function flatten(value: Exclude<TensorLike, Tensor>): Iterable<number> {
  if (typeof value === "number") return [value];
  if (ArrayBuffer.isView(value)) return value as unknown as Iterable<number>;
  if (Array.isArray(value)) return (value as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
  return (value as HostArray).data as unknown as Iterable<number>;
}

function checkedClasses(labels: Iterable<number>, numClasses: number | undefined): number {
  let [position, largest] = [0, -1];
  for (const label of labels) {
    if (
      !(Number.isInteger(Number(label)) && label >= 0 && label < (numClasses ?? Number.POSITIVE_INFINITY))
    ) {
      throw badLabel(label, position, numClasses);
    }
    largest = Math.max(largest, label);
    position++;
  }
  return numClasses ?? largest + 1;
}

function badLabel(label: number, position: number, numClasses: number | undefined): ValueError {
  return new ValueError("toCategorical", "not a class label.", {
    received: `${label} at position ${position}.`,
    expected: `integers from 0${numClasses === undefined ? "" : ` to ${numClasses - 1}`}.`,
    fix: "number the classes from 0, or raise numClasses.",
  });
}

function unknownClasses(): ValueError {
  return new ValueError("toCategorical", "the number of classes is missing.", {
    received: "a tensor without numClasses.",
    expected: "numClasses: the largest label of a tensor is not known without reading it back.",
    fix: "write toCategorical(labels, 10).",
  });
}

/** @file The loss of a linear layer's logits over many classes, without the logits in memory. */
import { ShapeError } from "../graph/errors.ts";
import { isFloat, type Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { linearCrossEntropy } from "../primitives/linearCrossEntropy.ts";
import { cast } from "../primitives/logic.ts";
import { reshape } from "../primitives/movement.ts";
import { promoteFloats } from "../runtime/promote.ts";
import { checkCount, integerOperand, type Tensor, type TensorLike, toNode, wrap } from "./arguments.ts";

export interface LinearCrossentropyOptions {
  /** [classes], added to the logits. */
  readonly bias?: TensorLike | null;
  /** Classes at a time: rows x chunk logits are in memory, once for the loss and once for the gradient. 4096 by default. */
  readonly chunk?: number;
}

/**
 * Cross entropy of integer labels with the logits hidden @ weights + bias, as `sparseCategoricalCrossentropy` with `fromLogits` gives it,
 * for vocabularies whose logits would fill the memory: they are computed a chunk at a time, and again for the gradient. For weights that
 * are an embedding's, `transpose` them (a view). A label that is no class has loss 0.
 *
 * @param hidden - [..., features], what the last layer would get.
 * @param weights - [features, classes], such as a Dense layer's kernel.
 * @param labels - Integers in the shape of `hidden` without its last axis, or with a last axis of 1.
 * @returns a loss per label: `hidden`'s shape without its last axis.
 * @throws ShapeError if the shapes do not fit; ValueError if `chunk` is no positive integer.
 * @see Cut your losses in large-vocabulary language models (2024); the running normalizer is Milakov and Gimelshein's (2018)
 * @example
 * linearCrossentropy([[1, 2]], [[3], [4]], [0]); // [0]
 */
export function linearCrossentropy(
  hidden: TensorLike,
  weights: TensorLike,
  labels: TensorLike,
  { bias = null, chunk = 4096 }: LinearCrossentropyOptions = {},
): Tensor {
  checkCount("linearCrossentropy", "chunk", chunk, 1);
  const given = [hidden, weights, ...(bias === null ? [] : [bias])];
  // Logits, their sum and the loss are 32 bits wide also where the operands are not.
  const wide = promoteFloats(given).map((node) => cast(node, "float32"));
  const [x, w, b = null] = wide as [Node, Node, Node?];
  const node = toNode(labels);
  const integers = isFloat(node) ? cast(node, "int32") : integerOperand("linearCrossentropy", labels);
  checkOperands(x, w, integers, b);
  const features = x.shape.at(-1) as number;
  const rows = x.shape.slice(0, -1);
  const count = rows.reduce((product, extent) => product * extent, 1);
  const flat = reshape(cast(integers, "int32"), [count]);
  return wrap(reshape(linearCrossEntropy(reshape(x, [count, features]), w, flat, b, chunk), rows));
}

function checkOperands(hidden: Node, weights: Node, labels: Node, bias: Node | null): void {
  const [features, classes] = weights.shape;
  const rows = hidden.shape.slice(0, -1).join();
  const hasLabels =
    labels.shape.join() === rows || labels.shape.join() === [...hidden.shape.slice(0, -1), 1].join();
  const hasWeights = weights.shape.length === 2 && hidden.shape.at(-1) === features && classes !== 0;
  const hasBias = bias === null || (bias.shape.length === 1 && bias.shape[0] === classes);
  if (hidden.shape.length > 0 && hasLabels && hasWeights && hasBias) return;
  const types = { hidden, weights, labels, ...(bias ? { bias } : {}) };
  const received = Object.entries(types).map(
    ([name, { dtype, shape }]) => `${name} ${typeText(dtype, shape)}`,
  );
  throw new ShapeError("linearCrossentropy", "the operands do not fit together.", {
    received: `${received.join(", ")}.`,
    expected: "hidden [..., features], weights [features, classes], labels [...], bias [classes].",
    fix: "transpose an embedding's weights; take as many labels as there are rows.",
  });
}

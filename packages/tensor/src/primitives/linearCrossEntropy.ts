/** @file Cross entropy of labels and a linear layer's logits, a few columns of the weights at a time: the logits are never all there. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add, maximum, mul, sub } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { and, equal, greaterEqual, less, where } from "./logic.ts";
import { exp, log } from "./math.ts";
import { pad, reshape, sliceAxis } from "./movement.ts";
import { overSteps, swapped } from "./recurrent.ts";
import { max, sum } from "./reduce.ts";
import { constant, fill, iota, number } from "./source.ts";

/** Stands for minus infinity, from which differences are still numbers. */
const lowest = -3e38;

/** hidden [rows, features], weights [features, classes], labels [rows] int32, bias [classes] or none. */
interface Operands {
  readonly hidden: Node;
  readonly weights: Node;
  readonly labels: Node;
  readonly bias: Node | null;
  readonly rows: number;
  readonly classes: number;
  /** Columns of a chunk, and chunks; columns beyond the classes have no weight. */
  readonly width: number;
  readonly count: number;
}

function operandsOf(inputs: readonly Node[], attrs: Attrs): Operands {
  const [hidden, weights, labels] = inputs as [Node, Node, Node];
  const classes = at(weights.shape, 1);
  const width = Math.min(attrs.chunk as number, classes);
  const count = Math.ceil(classes / width);
  return {
    hidden,
    weights,
    labels,
    bias: inputs[3] ?? null,
    rows: at(hidden.shape, 0),
    classes,
    width,
    count,
  };
}

/** x [rows, classes] as [chunks, rows, width]: a view. */
function inChunks(x: Node, { classes, width, count }: Operands): Node {
  const rows = at(x.shape, 0);
  const filled = count * width === classes ? x : pad(x, [0, 0], [0, count * width - classes], [0, 0], 0);
  return swapped(reshape(filled, [rows, count, width]));
}

/** [rows, chunks, width] as [rows, classes]: the way back. */
const joined = (x: Node, { classes, width, count }: Operands): Node =>
  sliceAxis(reshape(x, [at(x.shape, 0), count * width]), 1, 0, classes);

/** Weights, bias and first column of every chunk. */
function sequencesOf(operands: Operands): (Node | null)[] {
  const { weights, bias, classes, width, count } = operands;
  const first = mul(iota([count, 1, 1], 0, "int32"), number(width, "int32"));
  return [inChunks(weights, operands), bias && inChunks(reshape(bias, [1, classes]), operands), first];
}

/** Logits of a chunk, and where they are the label's. `labels` has an axis for the columns. */
function chunkOf(
  { classes, width, count }: Operands,
  hidden: Node,
  labels: Node,
  [weights, bias, first]: readonly (Node | null)[],
): { readonly logits: Node; readonly isLabel: Node } {
  const product = matmul(hidden, weights as Node);
  const all = bias ? add(product, bias) : product;
  const columns = add(iota([1, width], 1, "int32"), first as Node);
  const isClass = less(columns, number(classes, "int32"));
  return {
    logits: count * width === classes ? all : where(isClass, all, constant(lowest)),
    isLabel: equal(columns, labels),
  };
}

const perRow = (x: Node): Node => reshape(x, [x.shape.size, 1]);
const flat = (x: Node): Node => reshape(x, [x.shape.size]);

/** Labels that name no class have loss 0, as in Keras. */
const isClass = ({ labels, classes }: Operands): Node =>
  and(greaterEqual(labels, constant(0, "int32")), less(labels, number(classes, "int32")));

/** The largest logit so far and the sum of e^(logit - it), row by row: Milakov and Gimelshein, Online normalizer calculation (2018). */
function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const operands = operandsOf(inputs, attrs);
  const { hidden, labels, rows } = operands;
  const start = (value: number): Node => fill(value, [rows, 1], "float32");
  const { final } = overSteps(
    {
      carries: [start(lowest), start(0), start(0)],
      sequences: sequencesOf(operands),
      constants: [hidden, perRow(labels)],
      reverse: false,
    },
    ([top, total, picked], chunk, [hidden, labels]) => {
      const { logits, isLabel } = chunkOf(operands, hidden as Node, labels as Node, chunk);
      const higher = maximum(top as Node, max(logits, [1], true));
      const before = mul(total as Node, exp(sub(top as Node, higher)));
      const here = sum(where(isLabel, logits, constant(0)), [1], true);
      const next = [higher, add(before, sum(exp(sub(logits, higher)), [1], true)), add(picked as Node, here)];
      return { next, stacked: [] };
    },
  );
  const normalizer = flat(add(final(0), log(final(1))));
  return [where(isClass(operands), sub(normalizer, flat(final(2))), constant(0)), normalizer];
}

/**
 * With l the cotangent of the loss (0 where the label is no class) and n that of the normalizer, the cotangent of the logits is
 * (l + n) softmax - l [is the label]; a chunk of it lives for one turn of the loop, which turns it into those of the operands.
 */
function gradient(
  [ofLoss, ofNormalizer]: readonly (Node | null | undefined)[],
  { inputs, attrs, wants, result }: BundleContext,
): (Node | null)[] {
  const operands = operandsOf(inputs, attrs);
  const { hidden, labels, bias } = operands;
  const [toHidden, toWeights, , toBias = false] = wants;
  const loss = ofLoss ? where(isClass(operands), ofLoss, constant(0)) : null;
  const share = loss && ofNormalizer ? add(loss, ofNormalizer) : ((loss ?? ofNormalizer) as Node);
  const { final, stacked } = overSteps(
    {
      carries: toHidden ? [fill(0, hidden.shape, "float32")] : [],
      sequences: sequencesOf(operands),
      constants: [hidden, perRow(labels), perRow(result(1)), perRow(share), ...(loss ? [perRow(loss)] : [])],
      reverse: false,
    },
    ([total], chunk, [hidden, labels, normalizer, share, loss]) => {
      const { logits, isLabel } = chunkOf(operands, hidden as Node, labels as Node, chunk);
      const spread = mul(share as Node, exp(sub(logits, normalizer as Node)));
      const slope = loss ? sub(spread, where(isLabel, loss, constant(0))) : spread;
      return {
        next: total ? [add(total, matmul(slope, chunk[0] as Node, { transposeB: true }))] : [],
        stacked: [
          ...(toWeights ? [matmul(hidden as Node, slope, { transposeA: true })] : []),
          ...(toBias ? [sum(slope, [0], true)] : []),
        ],
      };
    },
  );
  return [
    toHidden ? final(0) : null,
    toWeights ? joined(stacked(0), operands) : null,
    null,
    bias && toBias ? flat(joined(stacked(toWeights ? 1 : 0), operands)) : null,
  ].slice(0, inputs.length);
}

/** Results: the loss and the normalizer log sum e^logit of each row. Attribute `chunk`: columns at a time. */
export const linearCrossEntropyPrimitive: Primitive = /*#__PURE__*/ bundle("linearCrossEntropy", {
  results: (inputs) => {
    const row = { shape: at(inputs, 2).shape, dtype: "float32" } as const;
    return [row, row];
  },
  decompose: forward,
  vjp: gradient,
});

/** Per row, log sum e^logit - logit of the label, for logits hidden @ weights + bias. */
export function linearCrossEntropy(
  hidden: Node,
  weights: Node,
  labels: Node,
  bias: Node | null,
  chunk: number,
): Node {
  const inputs = [hidden, weights, labels, ...(bias ? [bias] : [])];
  return part(record(linearCrossEntropyPrimitive, inputs, { chunk }), 0);
}

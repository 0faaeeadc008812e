/** @file Tensor: the immutable array that users hold, with the everyday operations as methods. Everything else is in `ops`. */
import { ShapeError, ValueError } from "./graph/errors.ts";
import type { Dtype, Node } from "./graph/node.ts";
import { typeText } from "./graph/shape.ts";
import { relu } from "./primitives/activations.ts";
import { abs, add, div, mul, neg, square, sub } from "./primitives/arithmetic.ts";
import { matmul } from "./primitives/contraction.ts";
import { cast } from "./primitives/logic.ts";
import { exp, log, sigmoid, sqrt, tanh } from "./primitives/math.ts";
import { reshape, slice, transpose } from "./primitives/movement.ts";
import { argmax, argmin, max, mean, min, sum } from "./primitives/reduce.ts";
import { createNode, TensorBase, type TensorLike } from "./runtime/handles.ts";
import { promoteFloats, promoteNumbers } from "./runtime/promote.ts";

export type { TensorLike } from "./runtime/handles.ts";
export type { HostArray, NestedNumbers } from "./runtime/host.ts";

export interface ReduceOptions {
  /** Axis or axes to reduce; all by default. Negative ones count from the end. */
  readonly axis?: number | readonly number[];
  /** Leave reduced axes with extent 1. */
  readonly keepdims?: boolean;
}

/**
 * An immutable n-dimensional array on the device, computed when its values are needed.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * await x.matmul(ones([2, 1])).add(1).array(); // [[4], [8]]
 */
export class Tensor extends TensorBase {
  readonly #node: Node;

  constructor(node: Node) {
    super();
    this.#node = node;
  }

  protected value(): Node {
    return this.#node;
  }

  add(other: TensorLike): Tensor {
    return binary(add, this, other);
  }
  sub(other: TensorLike): Tensor {
    return binary(sub, this, other);
  }
  mul(other: TensorLike): Tensor {
    return binary(mul, this, other);
  }
  div(other: TensorLike): Tensor {
    const [a, b] = promoteFloats([this, other]) as [Node, Node];
    return wrap(div(a, b));
  }
  neg(): Tensor {
    return wrap(neg(number(this)));
  }
  abs(): Tensor {
    return wrap(abs(number(this)));
  }
  square(): Tensor {
    return wrap(square(number(this)));
  }
  exp(): Tensor {
    return wrap(exp(float(this)));
  }
  log(): Tensor {
    return wrap(log(float(this)));
  }
  sqrt(): Tensor {
    return wrap(sqrt(float(this)));
  }
  relu(): Tensor {
    return wrap(relu(float(this)));
  }
  sigmoid(): Tensor {
    return wrap(sigmoid(float(this)));
  }
  tanh(): Tensor {
    return wrap(tanh(float(this)));
  }
  /** Matrix product with NumPy's batch broadcasting; rank 1 operands are vectors. */
  matmul(other: TensorLike): Tensor {
    const [a, b] = promoteFloats([this, other]) as [Node, Node];
    return wrap(matmulVectors(a, b));
  }

  sum(options?: ReduceOptions): Tensor {
    return reduced(sum, number(this), options);
  }
  mean(options?: ReduceOptions): Tensor {
    return reduced(mean, float(this), options);
  }
  max(options?: ReduceOptions): Tensor {
    return reduced(max, number(this), options);
  }
  min(options?: ReduceOptions): Tensor {
    return reduced(min, number(this), options);
  }
  /** Position of the largest element along an axis (of the flattened tensor by default), int32. */
  argmax(options: { readonly axis?: number } = {}): Tensor {
    return positional(argmax, number(this), options.axis);
  }
  argmin(options: { readonly axis?: number } = {}): Tensor {
    return positional(argmin, number(this), options.axis);
  }

  /** The same elements under another shape; one extent may be -1. */
  reshape(shape: readonly number[]): Tensor {
    return wrap(reshape(this.node, inferExtent(this.node, shape)));
  }
  /** Axes in the given order; reversed by default. */
  transpose(axes?: readonly number[]): Tensor {
    const rank = this.ndim;
    const order = (axes ?? this.shape.map((_, i) => rank - 1 - i)).map((axis) =>
      normalAxis("transpose", axis, rank),
    );
    return wrap(transpose(this.node, order));
  }
  cast(dtype: Dtype): Tensor {
    return wrap(cast(this.node, dtype));
  }
  /** `size` elements per axis from `begin`. A size of -1 reaches to the end. */
  slice(begin: readonly number[], size: readonly number[]): Tensor {
    const extents = size.map((n, axis) =>
      n === -1 ? (this.shape[axis] as number) - (begin[axis] as number) : n,
    );
    return wrap(slice(this.node, begin, extents));
  }
  /** The element (or the sub-tensor, with fewer indices than axes) at a position. Negative indices count from the end. */
  at(...indices: readonly number[]): Tensor {
    return wrap(elementAt(this.node, indices));
  }
}

/** A handle on a node for the user. */
export function wrap(node: Node): Tensor {
  return new Tensor(node).hold();
}

/**
 * A tensor of host data: nested arrays (float32; booleans make bool) or typed arrays (which keep their type).
 *
 * @param value - Nested arrays, a number, a typed array or a `{ data, shape }` record.
 * @param options - `shape` for flat data; `dtype` to convert.
 * @throws ShapeError if the data does not fill the shape; ValueError if nested arrays are ragged.
 * @example
 * tensor([[1, 2], [3, 4]]);                                  // float32[2,2]
 * tensor(new Int32Array([1, 2, 3, 4]), { shape: [2, 2] });   // int32[2,2]
 */
export function tensor(
  value: TensorLike,
  options: { readonly shape?: readonly number[]; readonly dtype?: Dtype } = {},
): Tensor {
  return wrap(createNode(value, options.shape, options.dtype));
}

type Binary = (a: Node, b: Node) => Node;

function binary(op: Binary, x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteNumbers([x, y]) as [Node, Node];
  return wrap(op(a, b));
}

const number = (x: TensorLike): Node => promoteNumbers([x])[0] as Node;
const float = (x: TensorLike): Node => promoteFloats([x])[0] as Node;

function reduced(
  op: (x: Node, axes: readonly number[], keepdims?: boolean) => Node,
  x: Node,
  { axis, keepdims = false }: ReduceOptions = {},
): Tensor {
  return wrap(op(x, normalAxes(op.name, axis, x.shape.length), keepdims));
}

function positional(
  op: (x: Node, axes: readonly number[]) => Node,
  x: Node,
  axis: number | undefined,
): Tensor {
  if (axis === undefined) return wrap(op(reshape(x, [x.shape.size]), [0]));
  return wrap(op(x, [normalAxis(op.name, axis, x.shape.length)]));
}

/** A non-negative axis, or the error that names the valid range. */
export function normalAxis(where: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(normal) && normal >= 0 && normal < rank) return normal;
  throw new ValueError(where, "the axis does not exist.", {
    received: `axis ${axis} of a tensor with ${rank} axes.`,
    expected: `an integer from ${-rank} to ${rank - 1}.`,
    fix: "check the tensor's shape.",
  });
}

/** Ascending axes; all of them where none is given. */
export function normalAxes(
  where: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : axis).map((one) => normalAxis(where, one, rank));
  return [...new Set(axes)].sort((a, b) => a - b);
}

/** The shape with a -1 replaced by what is left over. */
export function inferExtent(x: Node, shape: readonly number[]): readonly number[] {
  const open = shape.indexOf(-1);
  if (open < 0) return shape;
  const rest = shape.reduce((n, extent, axis) => (axis === open ? n : n * extent), 1);
  return shape.map((extent, axis) => (axis === open ? x.shape.size / rest : extent));
}

/** matmul with rank 1 operands as in NumPy: a row vector on the left, a column vector on the right. */
export function matmulVectors(a: Node, b: Node): Node {
  if (a.shape.length === 0 || b.shape.length === 0) {
    throw new ShapeError("matmul", "an operand is a scalar.", {
      received: `a ${typeText(a.dtype, a.shape)}, b ${typeText(b.dtype, b.shape)}.`,
      expected: "operands with at least one axis.",
      fix: "use mul for a scalar.",
    });
  }
  const left = a.shape.length === 1 ? reshape(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? reshape(b, [...b.shape, 1]) : b;
  const product = matmul(left, right);
  const shape = product.shape.filter((_, axis) => {
    if (axis === product.shape.length - 2 && a.shape.length === 1) return false;
    return !(axis === product.shape.length - 1 && b.shape.length === 1);
  });
  return reshape(product, shape);
}

/** Part of a node at leading indices. */
export function elementAt(x: Node, indices: readonly number[]): Node {
  const bad = indices.findIndex((index, axis) => {
    const extent = x.shape[axis];
    return extent === undefined || !Number.isInteger(index) || index < -extent || index >= extent;
  });
  if (bad >= 0) {
    throw new ValueError("at", "the index is out of range.", {
      received: `index ${indices.join(", ")} into ${typeText(x.dtype, x.shape)}.`,
      expected: `at most ${x.shape.length} integers, each within its axis.`,
      fix: "check the shape; negative indices count from the end.",
    });
  }
  const begin = x.shape.map((extent, axis) => {
    const index = indices[axis] ?? 0;
    return index < 0 ? index + extent : index;
  });
  const size = x.shape.map((extent, axis) => (axis < indices.length ? 1 : extent));
  return reshape(slice(x, begin, size), x.shape.slice(indices.length));
}

/** @file Views: results whose elements are elements of the inputs at other positions. Index arithmetic only, any dtype. */
import { internal, ShapeError } from "../graph/errors.ts";
import {
  type Attrs,
  type Emitter,
  type IndexTerm,
  type Node,
  type Primitive,
  record,
} from "../graph/node.ts";
import { broadcastShapes, type Shape, shapeOf, stridesOf, typeText } from "../graph/shape.ts";
import { at, broadcastIndex, broadcastStrides, list, perInput, type Rule, walkStrided } from "./factory.ts";
import { reshapeIndex } from "./reshapeIndex.ts";
import { isLiteral } from "./source.ts";

export interface MovementSpec {
  readonly shape: (input: Node, attrs: Attrs) => readonly number[];
  readonly vjp: Rule;
  /** The input's index of a result's element. */
  readonly index: (emit: Emitter, node: Node, index: readonly IndexTerm[]) => readonly IndexTerm[];
  /** Start and strides of the result's walk through the input's data. */
  readonly reference: (input: Shape, attrs: Attrs, output: Shape) => readonly [number, readonly number[]];
}

export function movement(name: string, spec: MovementSpec): Primitive {
  return {
    name,
    family: "movement",
    shape: (inputs, attrs) => spec.shape(at(inputs, 0), attrs),
    dtype: (inputs) => at(inputs, 0).dtype,
    vjp: perInput(spec.vjp),
    reference: ([x], attrs, output) => {
      const input = x as NonNullable<typeof x>;
      const [start, strides] = spec.reference(input.shape, attrs, output.shape);
      const out = new Float64Array(output.shape.size);
      walkStrided(output.shape, strides, start, (linear, offset) => {
        out[linear] = input.data[offset] as number;
      });
      return out;
    },
    decompose: null,
    at: (emit, node, index) => emit.value(at(node.inputs, 0), spec.index(emit, node, index)),
    stage: null,
  };
}

export const reshapePrimitive: Primitive = /*#__PURE__*/ movement("reshape", {
  shape: (x, attrs) => {
    const shape = shapeOf(list(attrs.shape));
    if (shape.size === x.shape.size) return shape;
    throw new ShapeError("reshape", "the number of elements changes.", {
      received: `${typeText(x.dtype, x.shape)} (${x.shape.size} elements), new shape [${shape.join()}] (${shape.size}).`,
      expected: "a shape with the same number of elements.",
      fix: "let one extent be -1 to have it computed.",
    });
  },
  vjp: (g, [x]) => reshape(g, x.shape),
  index: (emit, node, index) => reshapeIndex(emit, at(node.inputs, 0).shape, node.shape, index),
  reference: (_, _attrs, output) => [0, stridesOf(output)],
});

/** The same elements in row-major order under another shape. */
export const reshape = (x: Node, shape: readonly number[]): Node =>
  shapeOf(shape) === x.shape ? x : record(reshapePrimitive, [x], { shape: shapeOf(shape) });

export const transposePrimitive: Primitive = /*#__PURE__*/ movement("transpose", {
  shape: (x, attrs) => list(attrs.permutation).map((axis) => at(x.shape, axis)),
  vjp: (g, _, _y, attrs) => {
    const permutation = list(attrs.permutation);
    return transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    );
  },
  index: (_, node, index) => {
    const permutation = list(node.attrs.permutation);
    return permutation.map((_, axis) => at(index, permutation.indexOf(axis)));
  },
  reference: (input, attrs) => {
    const strides = stridesOf(input);
    return [0, list(attrs.permutation).map((axis) => at(strides, axis))];
  },
});

/** Axis i of the result is axis permutation[i] of x. */
export function transpose(x: Node, permutation: readonly number[]): Node {
  const isIdentity = permutation.every((axis, i) => axis === i);
  return isIdentity ? x : record(transposePrimitive, [x], { permutation });
}

/** Swaps the last two axes. */
export function transposeMatrix(x: Node): Node {
  const rank = x.shape.length;
  const permutation = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return transpose(x, permutation);
}

export const broadcastPrimitive: Primitive = /*#__PURE__*/ movement("broadcastTo", {
  shape: (x, attrs) => {
    const shape = shapeOf(list(attrs.shape));
    if (broadcastShapes(x.shape, shape) === shape) return shape;
    throw new ShapeError("broadcastTo", "the tensor does not broadcast to the shape.", {
      received: `${typeText(x.dtype, x.shape)}, shape [${shape.join()}].`,
      expected: "from the last axis backwards, equal extents or an extent of 1 in the tensor.",
      fix: "insert axes of extent 1 with expandDims, or reshape.",
    });
  },
  vjp: (g) => g,
  index: (emit, node, index) => broadcastIndex(emit, at(node.inputs, 0), node, index),
  reference: (input, _, output) => [0, broadcastStrides(input, output)],
});

export const broadcastTo = (x: Node, shape: readonly number[]): Node =>
  shapeOf(shape) === x.shape ? x : record(broadcastPrimitive, [x], { shape: shapeOf(shape) });

export const slicePrimitive: Primitive = /*#__PURE__*/ movement("slice", {
  shape: (x, attrs) => {
    const [begin, size, strides] = [list(attrs.begin), list(attrs.size), list(attrs.strides)];
    const fits = x.shape.every((extent, axis) => {
      const last = at(begin, axis) + (at(size, axis) - 1) * at(strides, axis);
      return at(begin, axis) >= 0 && at(size, axis) >= 0 && last < extent;
    });
    if (fits && size.length === x.shape.length) return size;
    throw new ShapeError("slice", "the range leaves the tensor.", {
      received: `${typeText(x.dtype, x.shape)}, begin [${begin.join()}], size [${size.join()}], steps [${strides.join()}].`,
      expected: "one begin and size per axis, with begin + size <= extent.",
      fix: "clamp the range to x.shape.",
    });
  },
  vjp: (g, [x], _, attrs) => {
    const [begin, strides] = [list(attrs.begin), list(attrs.strides)];
    const interior = strides.map((stride) => stride - 1);
    const high = x.shape.map((extent, axis) => {
      const spread = Math.max(0, (at(g.shape, axis) - 1) * at(strides, axis) + 1);
      return extent - at(begin, axis) - spread;
    });
    return pad(g, begin, high, interior);
  },
  index: (emit, node, index) => {
    const [begin, strides] = [list(node.attrs.begin), list(node.attrs.strides)];
    return index.map((term, axis) => emit.add(emit.scale(term, at(strides, axis)), at(begin, axis)));
  },
  reference: (input, attrs) => {
    const [begin, strides] = [list(attrs.begin), list(attrs.strides)];
    const own = stridesOf(input);
    const start = begin.reduce((sum, from, axis) => sum + from * at(own, axis), 0);
    return [start, own.map((stride, axis) => stride * at(strides, axis))];
  },
});

/** `size` elements per axis from `begin`, every `strides`-th (positive steps). */
export function slice(
  x: Node,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): Node {
  const isWhole = begin.every((from) => from === 0) && shapeOf(size) === x.shape;
  return isWhole ? x : record(slicePrimitive, [x], { begin, size, strides });
}

/** Elements `from` (inclusive) to `to` (exclusive) along one axis. */
export function sliceAxis(x: Node, axis: number, from: number, to: number): Node {
  const begin = x.shape.map((_, i) => (i === axis ? from : 0));
  const size = x.shape.map((extent, i) => (i === axis ? to - from : extent));
  return slice(x, begin, size);
}

export const flipPrimitive: Primitive = /*#__PURE__*/ movement("flip", {
  shape: (x) => x.shape,
  vjp: (g, _, _y, attrs) => flip(g, list(attrs.axes)),
  index: (emit, node, index) => {
    const axes = list(node.attrs.axes);
    return index.map((term, axis) =>
      axes.includes(axis) ? emit.add(emit.scale(term, -1), at(node.shape, axis) - 1) : term,
    );
  },
  reference: (input, attrs) => {
    const own = stridesOf(input);
    const axes = list(attrs.axes);
    const start = axes.reduce((sum, axis) => sum + (at(input, axis) - 1) * at(own, axis), 0);
    return [start, own.map((stride, axis) => (axes.includes(axis) ? -stride : stride))];
  },
});

/** Reversed along `axes`. */
export const flip = (x: Node, axes: readonly number[]): Node =>
  axes.length === 0 ? x : record(flipPrimitive, [x], { axes });

const padded = (attrs: Attrs) => ({
  low: list(attrs.low),
  high: list(attrs.high),
  interior: list(attrs.interior),
});

/** Extent of n elements with `interior` gaps between neighbours. */
const dilated = (extent: number, interior: number): number => Math.max(0, (extent - 1) * (interior + 1) + 1);

/** The input's position along a padded axis, and the conditions under which there is one. */
function padAxis(
  emit: Emitter,
  term: IndexTerm,
  extent: number,
  low: number,
  high: number,
  interior: number,
): { index: IndexTerm; inside: readonly number[] } {
  if (low === 0 && high === 0 && interior === 0) return { index: term, inside: [] };
  const inside: number[] = [];
  const integer = (value: number): number => emit.number(value, "int32");
  const position = emit.indexValue(emit.add(term, -low));
  if (low > 0) inside.push(emit.op("ge", "bool", position, emit.literal(0, "int32")));
  const length = integer(dilated(extent, interior));
  if (high > 0) inside.push(emit.op("lt", "bool", position, length));
  const top = emit.op("sub", "int32", length, emit.literal(1, "int32"));
  const low0 = low > 0 ? emit.op("max", "int32", position, emit.literal(0, "int32")) : position;
  const clamped = high > 0 ? emit.op("min", "int32", low0, top) : low0;
  if (interior === 0) return { index: emit.valueIndex(clamped), inside };
  const step = integer(interior + 1);
  const rest = emit.op("irem", "int32", clamped, step);
  inside.push(emit.op("eq", "bool", rest, emit.literal(0, "int32")));
  return { index: emit.valueIndex(emit.op("idiv", "int32", clamped, step)), inside };
}

export const padPrimitive: Primitive = {
  name: "pad",
  family: "movement",
  shape: (inputs, attrs) => {
    const x = at(inputs, 0);
    const { low, high, interior } = padded(attrs);
    const isValid = [low, high, interior].every((widths) => widths.every((width) => width >= 0));
    if (isValid && low.length === x.shape.length)
      return x.shape.map((n, axis) => at(low, axis) + dilated(n, at(interior, axis)) + at(high, axis));
    throw new ShapeError("pad", "widths do not fit the tensor.", {
      received: `${typeText(x.dtype, x.shape)}, before [${low.join()}], after [${high.join()}].`,
      expected: "one pair of widths per axis, 0 or more.",
      fix: "give [before, after] for each axis; cut with slice.",
    });
  },
  dtype: (inputs) => at(inputs, 0).dtype,
  vjp: /*#__PURE__*/ perInput((g, [x], _, attrs) => {
    const { low, interior } = padded(attrs);
    return slice(
      g,
      low,
      x.shape,
      interior.map((gap) => gap + 1),
    );
  }),
  reference: ([x], attrs, { shape }) => {
    const input = x as NonNullable<typeof x>;
    const { low, interior } = padded(attrs);
    const own = stridesOf(shape);
    const strides = own.map((stride, axis) => stride * (at(interior, axis) + 1));
    const start = low.reduce((sum, width, axis) => sum + width * at(own, axis), 0);
    const out = new Float64Array(shape.size).fill(attrs.value as number);
    walkStrided(input.shape, strides, start, (linear, offset) => {
      out[offset] = input.data[linear] as number;
    });
    return out;
  },
  decompose: null,
  at: (emit, node, index) => {
    const input = at(node.inputs, 0);
    const { low, high, interior } = padded(node.attrs);
    const outside = node.attrs.value as number;
    const value = isLiteral(outside) ? emit.literal(outside, node.dtype) : emit.number(outside, node.dtype);
    if (input.shape.size === 0) return value;
    const axes = index.map((term, i) =>
      padAxis(emit, term, at(input.shape, i), at(low, i), at(high, i), at(interior, i)),
    );
    const element = emit.value(
      input,
      axes.map((axis) => axis.index),
    );
    const inside = axes.flatMap((axis) => axis.inside);
    if (inside.length === 0) return element;
    const all = inside.reduce((a, b) => emit.op("and", "bool", a, b));
    return emit.op("select", node.dtype, all, element, value);
  },
  stage: null,
};

/** `low` and `high` elements of `value` before and after each axis, and `interior` between neighbours. */
export function pad(
  x: Node,
  low: readonly number[],
  high: readonly number[],
  interior: readonly number[] = low.map(() => 0),
  value = 0,
): Node {
  const isNothing = [low, high, interior].every((widths) => widths.every((width) => width === 0));
  return isNothing ? x : record(padPrimitive, [x], { low, high, interior, value });
}

export const concatPrimitive: Primitive = {
  name: "concatenate",
  family: "movement",
  shape: (inputs, attrs) => {
    const axis = attrs.axis as number;
    const first = at(inputs, 0).shape;
    const fits = inputs.every(
      (input) =>
        input.shape.length === first.length &&
        input.shape.every((extent, i) => i === axis || extent === first[i]),
    );
    if (fits)
      return first.map((n, i) => (i === axis ? inputs.reduce((sum, x) => sum + at(x.shape, i), 0) : n));
    throw new ShapeError("concatenate", `shapes differ in an axis other than ${axis}.`, {
      received: `${inputs.map((input) => typeText(input.dtype, input.shape)).join(", ")}.`,
      expected: `equal ranks, and equal extents except along axis ${axis}.`,
      fix: "check the axis, or reshape the odd one.",
    });
  },
  dtype: (inputs) => {
    const dtype = at(inputs, 0).dtype;
    if (inputs.some((input) => input.dtype !== dtype)) throw internal("concatenate of several dtypes");
    return dtype;
  },
  vjp: ({ cotangent, inputs, attrs, wants }) => {
    const axis = attrs.axis as number;
    let from = 0;
    return inputs.map((input, i) => {
      const to = from + at(input.shape, axis);
      const part = wants[i] ? sliceAxis(cotangent, axis, from, to) : null;
      from = to;
      return part;
    });
  },
  reference: (inputs, attrs, { shape }) => {
    const out = new Float64Array(shape.size);
    const strides = stridesOf(shape);
    let start = 0;
    for (const input of inputs) {
      walkStrided(input.shape, strides, start, (linear, offset) => {
        out[offset] = input.data[linear] as number;
      });
      start += at(input.shape, attrs.axis as number) * at(strides, attrs.axis as number);
    }
    return out;
  },
  decompose: null,
  at: (emit, node, index) => {
    const axis = node.attrs.axis as number;
    const parts = node.inputs.filter((input) => input.shape.size > 0);
    let end = node.shape[axis] as number;
    let result: number | null = null;
    for (const part of parts.reverse()) {
      const extent = at(part.shape, axis);
      end -= extent;
      const { index: inner } = padAxis(
        emit,
        at(index, axis),
        extent,
        end,
        at(node.shape, axis) - end - extent,
        0,
      );
      const value = emit.value(
        part,
        index.map((term, i) => (i === axis ? inner : term)),
      );
      const position = emit.indexValue(at(index, axis));
      const next = emit.number(end + extent, "int32");
      result =
        result === null
          ? value
          : emit.op("select", node.dtype, emit.op("lt", "bool", position, next), value, result);
    }
    return result ?? emit.literal(0, node.dtype);
  },
  stage: null,
};

/** Inputs of one concatenation: with its output they are the 8 storage bindings of WebGPU's base limits. */
const maxParts = 7;

/** Joins along `axis`; many inputs in groups of seven. */
export function concat(inputs: readonly Node[], axis: number): Node {
  if (inputs.length === 1) return at(inputs, 0);
  if (inputs.length <= maxParts) return record(concatPrimitive, inputs, { axis });
  const groups: Node[] = [];
  const size = Math.ceil(inputs.length / Math.ceil(inputs.length / maxParts));
  for (let i = 0; i < inputs.length; i += size) groups.push(concat(inputs.slice(i, i + size), axis));
  return concat(groups, axis);
}

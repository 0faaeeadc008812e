/** @file Places in ordered sequences by bisection, unrolled: at least as many steps as the length has bits. */
import {
  type Attrs,
  type Emitter,
  type IndexTerm,
  type Node,
  type Primitive,
  record,
  type ScalarValue,
} from "../graph/node.ts";
import { at, commonDtype } from "./factory.ts";
import { emitKey, type KeyOptions, keyAttrs, keyOf } from "./orderKey.ts";

/** Number of bisection steps for sequences of `length` elements, by sixes: a smaller batch finds its shader in the cache. */
const stepsFor = (length: number): number => Math.ceil(Math.log2(length + 1) / 6) * 6;

/** The key of the element at `position` (of a row) in order. */
function emitElement(
  emit: Emitter,
  { inputs, attrs }: Node,
  row: IndexTerm,
  position: ScalarValue,
): ScalarValue {
  const [sequence, , order] = [at(inputs, 0), null, inputs[2]];
  const index = order ? emit.value(order, [row, emit.valueIndex(position)]) : position;
  const value = emit.value(sequence, [row, emit.valueIndex(index)]);
  return emitKey(emit, value, sequence.dtype, attrs);
}

/** From the highest bit down: a bit of the place is set where the element just before it lies before the value. */
function emitSearch(emit: Emitter, node: Node, [row, column]: readonly [IndexTerm, IndexTerm]): ScalarValue {
  const [sequence, values] = [at(node.inputs, 0), at(node.inputs, 1)];
  const length = at(sequence.shape, 1);
  const own = emitKey(emit, emit.value(values, [row, column]), values.dtype, valueAttrs(node.attrs));
  const limit = emit.number(length, "int32");
  const one = emit.literal(1, "int32");
  let place = emit.literal(0, "int32");
  for (let bit = stepsFor(length) - 1; bit >= 0; bit--) {
    const next = emit.op("add", "int32", place, emit.literal(2 ** bit, "int32"));
    const last = emit.op("sub", "int32", emit.op("min", "int32", next, limit), one);
    const element = emitElement(emit, node, row, last);
    const isBefore = emit.op(node.attrs.right ? "le" : "lt", "bool", element, own);
    const isInside = emit.op("le", "bool", next, limit);
    place = emit.op("select", "int32", emit.op("and", "bool", isInside, isBefore), next, place);
  }
  return place;
}

/** Values are positions already where the sequence has indices. */
const valueAttrs = ({ descending }: Attrs): Attrs => keyAttrs({ descending: descending as boolean });

/**
 * Inputs sequence [rows, length] and values [rows, any] of one dtype, and perhaps the order [rows, length] that sorts the sequence. int32 like values:
 * how many elements lie before the value; with `right`, equal ones count too.
 */
export const searchSortedPrimitive: Primitive = {
  name: "searchSorted",
  family: "indexing",
  shape: (inputs) => at(inputs, 1).shape,
  dtype: (inputs) => {
    commonDtype("searchsorted", inputs.slice(0, 2), "number");
    return "int32";
  },
  vjp: null,
  reference: (inputs, attrs, { shape }) => {
    const [sequence, values, order] = [at(inputs, 0), at(inputs, 1), inputs[2]];
    const [length, columns] = [at(sequence.shape, 1), at(values.shape, 1)];
    return Float64Array.from({ length: shape.size }, (_, i) => {
      const row = Math.floor(i / columns) * length;
      const own = keyOf(values.data[i] as number, values.dtype, valueAttrs(attrs));
      let place = 0;
      for (let k = 0; k < length; k++) {
        const from = order ? (order.data[row + k] as number) : k;
        const key = keyOf(sequence.data[row + from] as number, sequence.dtype, attrs);
        if (key < own || (attrs.right && key === own)) place++;
      }
      return place;
    });
  },
  decompose: null,
  at: (emit, node, index) => emitSearch(emit, node, index as [IndexTerm, IndexTerm]),
  stage: null,
};

export interface SearchOptions extends KeyOptions {
  /** Behind equal elements instead of before them. */
  readonly right?: boolean;
  /** What sorts the sequence, if it does not lie in order. */
  readonly order?: Node;
}

export function searchSorted(sequence: Node, values: Node, options: SearchOptions = {}): Node {
  const { right = false, order } = options;
  const inputs = order ? [sequence, values, order] : [sequence, values];
  return record(searchSortedPrimitive, inputs, { ...keyAttrs(options), right });
}

/** @file Running sums, products and extremes along an axis. Long ones in three phases: chunks, totals before each chunk, both combined. */
import { cumulativeOperations, type Target } from "@tenrec/kernels";
import {
  type Attrs,
  type Node,
  type Primitive,
  type RefArray,
  record,
  type TemplateCall,
  type VjpContext,
} from "../graph/node.ts";
import { add, maximum, minimum, mul } from "./arithmetic.ts";
import { vjpByDecomposition } from "./composite.ts";
import { at, commonDtype } from "./factory.ts";
import { identityOf } from "./identity.ts";
import { greater, greaterEqual, where } from "./logic.ts";
import { flip, pad, reshape, sliceAxis } from "./movement.ts";
import { max, min, sum } from "./reduce.ts";
import { asRows, fromRows } from "./rows.ts";
import { running, shifted } from "./running.ts";
import { constant, iota } from "./source.ts";

export type CumulativeOperation = keyof typeof cumulativeOperations;

export interface CumulativeOptions {
  /** From the last element to the first. */
  readonly reverse?: boolean;
  /** Of the elements before each one, without itself. */
  readonly exclusive?: boolean;
}

const reductions = { sum, max, min } as const;
const combinations = { sum: add, prod: mul, max: maximum, min: minimum } as const;
const operationOf = (attrs: Attrs): CumulativeOperation => attrs.operation as CumulativeOperation;

const threads = 64;
/** A workgroup or an invocation walks rows of up to this many elements, and longer ones where there are rows enough to fill a GPU. */
const longestRow = 4096;
const manyRows = 256;
/** A CPU renderer has an invocation walk the row: barriers are dear there. */
const longestWalk = 1024;
/** Rows this short are walked by an invocation each. */
const shortRow = 32;

function cumulativeCall(inputs: readonly Node[], attrs: Attrs, target: Target): TemplateCall | null {
  const x = at(inputs, 0);
  const [rows, length] = x.shape as unknown as [number, number];
  const isLong = length > (target.software ? longestWalk : longestRow);
  if (x.dtype === "uint32" || x.shape.size === 0) return null;
  if (target.name !== "cpu" && isLong && rows < manyRows) return null;
  const walk = target.software || length <= shortRow;
  return {
    template: target.templates.cumulativeTemplate(x.dtype as "float32" | "int32"),
    constants: {
      OPERATION: cumulativeOperations[operationOf(attrs)],
      EXCLUSIVE: attrs.exclusive as boolean,
      REVERSE: attrs.reverse as boolean,
      WALK: walk,
      THREADS: threads,
    },
    params: [rows, length],
    workgroups: walk ? Math.ceil(rows / threads) : rows,
    workgroupSize: threads,
  };
}

/** Chunks of about the square root, so that both phases walk equally far. */
const chunkFor = (length: number): number =>
  Math.min(longestWalk, 2 ** Math.ceil(Math.log2(Math.sqrt(length))));

/** Longer rows are cut. Products run by doubling, whose steps fuse to a kernel of as many loads as the row is long: its compilation grows with it. */
const longestWhole = { sum: 256, max: 256, min: 256, prod: 32 } as const;

/** Each element's combination of those up to it: of the whole row behind a mask; products by doubling. */
function wholeRows(x: Node, operation: CumulativeOperation, identity: number): Node {
  if (operation === "prod") return running(x, 1, mul, identity);
  const [rows, length] = x.shape as unknown as [number, number];
  const isUpTo = greaterEqual(iota([length, 1], 0, "int32"), iota([1, length], 1, "int32"));
  const masked = where(isUpTo, reshape(x, [rows, 1, length]), constant(identity, x.dtype));
  return reductions[operation](masked, [2]);
}

function decompose(inputs: readonly Node[], attrs: Attrs): Node {
  const x = at(inputs, 0);
  const operation = operationOf(attrs);
  const { reverse, exclusive } = attrs;
  if (reverse) return flip(cumulativeRows(flip(x, [1]), operation, { exclusive: exclusive as boolean }), [1]);
  const identity = identityOf(operation, x.dtype);
  if (exclusive) return cumulativeRows(shifted(x, 1, 1, identity), operation);
  const [rows, length] = x.shape as unknown as [number, number];
  const combine = combinations[operation];
  if (x.shape.size === 0) return x;
  if (length <= longestWhole[operation]) return wholeRows(x, operation, identity);
  const chunk = chunkFor(length);
  const chunks = Math.ceil(length / chunk);
  const padded = pad(x, [0, 0], [0, chunks * chunk - length], [0, 0], identity);
  const within = cumulativeRows(reshape(padded, [rows * chunks, chunk]), operation);
  const totals = reshape(sliceAxis(within, 1, chunk - 1, chunk), [rows, chunks]);
  const before = cumulativeRows(totals, operation, { exclusive: true });
  const all = combine(reshape(within, [rows, chunks, chunk]), reshape(before, [rows, chunks, 1]));
  return sliceAxis(reshape(all, [rows, chunks * chunk]), 1, 0, length);
}

function reference([x]: readonly RefArray[], attrs: Attrs): Float64Array {
  const { data, shape, dtype } = x as RefArray;
  const length = at(shape, 1);
  const operation = operationOf(attrs);
  const multiply = dtype === "float32" ? (a: number, b: number) => a * b : Math.imul;
  const combine = { sum: (a: number, b: number) => a + b, prod: multiply, max: Math.max, min: Math.min };
  const out = new Float64Array(data.length);
  for (let row = 0; row < data.length; row += length) {
    let total = identityOf(operation, dtype);
    for (let k = 0; k < length; k++) {
      const place = row + (attrs.reverse ? length - 1 - k : k);
      const next = combine[operation](total, data[place] as number);
      out[place] = attrs.exclusive ? total : next;
      total = next;
    }
  }
  return out;
}

/**
 * Of short rows of products: d y_i / d x_k is the product of those up to i without x_k, so dx_k = (product before k) times the sum over i >= k of
 * g_i (product from k + 1 to i). No division: exact where elements are 0, to every order. Doubling would compile slowly, and its gradients more so.
 */
function productCotangent(g: Node, x: Node): Node {
  const [rows, length] = x.shape as unknown as [number, number];
  const [first, last] = [iota([length, 1], 0, "int32"), iota([1, length], 1, "int32")];
  const factors = where(greater(last, first), reshape(x, [rows, 1, length]), constant(1));
  const spans = cumulativeRows(reshape(factors, [rows * length, length]), "prod");
  const terms = mul(reshape(g, [rows, 1, length]), reshape(spans, [rows, length, length]));
  const sums = sum(where(greaterEqual(last, first), terms, constant(0)), [2]);
  return mul(cumulativeRows(x, "prod", { exclusive: true }), sums);
}

function cotangentOf(context: VjpContext): readonly (Node | null)[] {
  const { cotangent, inputs, attrs } = context;
  const { operation, reverse, exclusive } = attrs;
  const x = at(inputs, 0);
  if (operation === "sum")
    return [cumulativeRows(cotangent, "sum", { reverse: !reverse, exclusive: exclusive as boolean })];
  const isShort = at(x.shape, 1) <= longestWhole.prod && x.shape.size > 0;
  if (operation === "prod" && isShort && !reverse && !exclusive) return [productCotangent(cotangent, x)];
  return vjpByDecomposition(decompose)(context);
}

/**
 * x [rows, length], attributes operation, reverse and exclusive. The gradient of sums runs the other way; those of long products and of extremes
 * are of the decomposition: exact where elements are 0, shared between equal ones.
 */
export const cumulativePrimitive: Primitive = {
  name: "cumulative",
  family: "composite",
  shape: (inputs) => at(inputs, 0).shape,
  dtype: (inputs) => commonDtype("cumulative", inputs, "number"),
  vjp: cotangentOf,
  reference,
  decompose,
  at: null,
  stage: null,
  template: cumulativeCall,
};

/** Running combinations of the rows of x [rows, length]. */
function cumulativeRows(
  x: Node,
  operation: CumulativeOperation,
  { reverse = false, exclusive = false }: CumulativeOptions = {},
): Node {
  return record(cumulativePrimitive, [x], { operation, reverse, exclusive });
}

/** Running sums, products, largest or smallest elements along `axis`. */
export function cumulative(
  x: Node,
  axis: number,
  operation: CumulativeOperation,
  options: CumulativeOptions = {},
): Node {
  return fromRows(cumulativeRows(asRows(x, axis), operation, options), x.shape, axis);
}

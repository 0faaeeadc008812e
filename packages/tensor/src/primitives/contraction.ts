/** @file Matrix products with broadcast batch axes. */
import { internal, ShapeError } from "../graph/errors.ts";
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { broadcastShapes, type Shape, shapeOf, typeText } from "../graph/shape.ts";
import { mul } from "./arithmetic.ts";
import { at, broadcastStrides, commonDtype, perInput, walkStrided } from "./factory.ts";
import { reshape, transposeMatrix } from "./movement.ts";
import { sum } from "./reduce.ts";
import { fill } from "./source.ts";

/** Extents of a product: batch shape and m, n, k. */
export interface MatmulExtents {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

type Flags = { readonly transposeA: boolean; readonly transposeB: boolean };

/** Rows and columns of the last two axes, swapped if `transposed`. */
function rowsAndColumns(
  x: { readonly shape: readonly number[] },
  transposed: boolean,
): readonly [number, number] {
  const rank = x.shape.length;
  const [rows, columns] = [at(x.shape, rank - 2), at(x.shape, rank - 1)];
  return transposed ? [columns, rows] : [rows, columns];
}

const noAxes: readonly number[] = [];
/** The axes before the last two. */
const batchAxes = (shape: readonly number[]): readonly number[] =>
  shape.length === 2 ? noAxes : shape.slice(0, -2);

/** Extents of a @ b; throws the shape errors of matmul. */
export function matmulExtents(a: Node, b: Node, { transposeA, transposeB }: Flags): MatmulExtents {
  const received = () => `a ${typeText(a.dtype, a.shape)}, b ${typeText(b.dtype, b.shape)}`;
  if (a.shape.length < 2 || b.shape.length < 2) throw internal(`matmul of ${received()}`);
  const [m, k] = rowsAndColumns(a, transposeA);
  const [inner, n] = rowsAndColumns(b, transposeB);
  if (k !== inner) {
    const axisA = a.shape.length - (transposeA ? 2 : 1);
    const axisB = b.shape.length - (transposeB ? 1 : 2);
    throw new ShapeError("matmul", "inner dimensions differ.", {
      received: `${received()} (a axis ${axisA} = ${k}, b axis ${axisB} = ${inner}).`,
      expected: `a.shape[${axisA}] === b.shape[${axisB}].`,
      fix: "check the units of the previous layer, or transpose b.",
    });
  }
  const batch = broadcastShapes(batchAxes(a.shape), batchAxes(b.shape));
  if (batch) return { batch, m, n, k };
  throw new ShapeError("matmul", "batch dimensions do not broadcast.", {
    received: `${received()}.`,
    expected: "the axes before the last two equal, or 1, from the right.",
    fix: "insert axes of extent 1 with expandDims.",
  });
}

const flagsOf = (attrs: Attrs): Flags => attrs as unknown as Flags;

/** Plain triple loop over one pair of matrices. */
function multiplyMatrices(
  out: Float64Array,
  start: number,
  [m, n, k]: readonly [number, number, number],
  a: (row: number, inner: number) => number,
  b: (inner: number, column: number) => number,
): void {
  for (let row = 0; row < m; row++)
    for (let column = 0; column < n; column++) {
      let total = 0;
      for (let inner = 0; inner < k; inner++) total += a(row, inner) * b(inner, column);
      out[start + row * n + column] = total;
    }
}

function referenceMatmul(a: RefArray, b: RefArray, flags: Flags, output: Shape): Float64Array {
  const [m, k] = rowsAndColumns(a, flags.transposeA);
  const n = at(output, output.length - 1);
  const batch = output.slice(0, -2);
  const out = new Float64Array(output.size);
  const starts = (x: RefArray): number[] => {
    const offsets: number[] = [];
    walkStrided(batch, broadcastStrides(x.shape.slice(0, -2), batch), 0, (_, offset) => offsets.push(offset));
    return offsets;
  };
  const [startsA, startsB] = [starts(a), starts(b)];
  startsA.forEach((matrixA, i) => {
    const [fromA, fromB] = [matrixA * m * k, at(startsB, i) * k * n];
    const readA = (row: number, inner: number) => (flags.transposeA ? inner * m + row : row * k + inner);
    const readB = (inner: number, column: number) =>
      flags.transposeB ? column * k + inner : inner * n + column;
    multiplyMatrices(
      out,
      i * m * n,
      [m, n, k],
      (row, inner) => a.data[fromA + readA(row, inner)] as number,
      (inner, column) => b.data[fromB + readB(inner, column)] as number,
    );
  });
  return out;
}

/** C = op(A) op(B), op transposing the last two axes by its flag. dA = G op(B)^T and dB = op(A)^T G, transposed back by the flags. */
export const matmulPrimitive: Primitive = {
  name: "matmul",
  family: "contraction",
  shape: (inputs, attrs) => {
    const { batch, m, n } = matmulExtents(at(inputs, 0), at(inputs, 1), flagsOf(attrs));
    return [...batch, m, n];
  },
  dtype: (inputs) => commonDtype("matmul", inputs, "float"),
  vjp: /*#__PURE__*/ perInput(
    (g, [, b], _, attrs) => {
      const { transposeA, transposeB } = flagsOf(attrs);
      return transposeA
        ? matmul(b, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b, { transposeA: false, transposeB: !transposeB });
    },
    (g, [a], _, attrs) => {
      const { transposeA, transposeB } = flagsOf(attrs);
      return transposeB
        ? matmul(g, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, g, { transposeA: !transposeA, transposeB: false });
    },
  ),
  reference: ([a, b], attrs, { shape }) =>
    referenceMatmul(a as RefArray, b as RefArray, flagsOf(attrs), shape),
  decompose: null,
  at: null,
  stage: null,
};

/** Integer products have no matrix kernel: they are a product summed over k. */
function integerMatmul(a: Node, b: Node): Node {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const left = reshape(a, [...a.shape.slice(0, rankA), 1]);
  const right = reshape(b, [...b.shape.slice(0, rankB - 2), 1, ...b.shape.slice(rankB - 2)]);
  const product = mul(left, right);
  return sum(product, [product.shape.length - 2]);
}

/** op(a) op(b) for ranks of 2 and more; a 3-D (or higher) `a` times one matrix is a single product of all its rows. */
export function matmul(
  a: Node,
  b: Node,
  { transposeA = false, transposeB = false }: Partial<Flags> = {},
): Node {
  const flags = { transposeA, transposeB };
  const { batch, m, n, k } = matmulExtents(a, b, flags);
  if (k === 0) return fill(0, [...batch, m, n], a.dtype);
  if (a.dtype === b.dtype && (a.dtype === "int32" || a.dtype === "uint32"))
    return integerMatmul(transposeA ? transposeMatrix(a) : a, transposeB ? transposeMatrix(b) : b);
  if (a.shape.length > 2 && b.shape.length === 2 && !transposeA) {
    const rows = reshape(a, [shapeOf(batch).size * m, k]);
    return reshape(record(matmulPrimitive, [rows, b], flags), [...batch, m, n]);
  }
  return record(matmulPrimitive, [a, b], flags);
}

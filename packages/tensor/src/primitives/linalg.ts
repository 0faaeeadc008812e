/** @file Small dense factorisations, unrolled over columns. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import { type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { add, div, mul, scale, sub } from "./arithmetic.ts";
import { composite, vjpByDecomposition } from "./composite.ts";
import { at, commonDtype } from "./factory.ts";
import { sqrt } from "./math.ts";
import { concat, pad, slice, sliceAxis, transposeMatrix } from "./movement.ts";

/** Unrolling records about ten nodes per column. */
const maxColumns = 64;

/** a[..., from:, columns] of the last two axes. */
function block(a: Node, fromRow: number, fromColumn: number, columns: number): Node {
  const rank = a.shape.length;
  const begin = a.shape.map((_, axis) => (axis === rank - 2 ? fromRow : axis === rank - 1 ? fromColumn : 0));
  const rows = at(a.shape, rank - 2) - fromRow;
  const size = a.shape.map((extent, axis) =>
    axis === rank - 2 ? rows : axis === rank - 1 ? columns : extent,
  );
  return slice(a, begin, size);
}

/** A = L L^T by outer products: the first column of L is a / sqrt(a_00), and the rest factors A' - l l^T. Reads (A + A^T) / 2. */
function choleskyColumns(inputs: readonly Node[]): Node {
  const a = at(inputs, 0);
  const rank = a.shape.length;
  const size = at(a.shape, rank - 1);
  const columns: Node[] = [];
  let rest = scale(add(a, transposeMatrix(a)), 0.5);
  for (let step = 0; step < size; step++) {
    const pivot = sliceAxis(sliceAxis(rest, rank - 2, 0, 1), rank - 1, 0, 1);
    const column = div(block(rest, 0, 0, 1), sqrt(pivot));
    const low = a.shape.map((_, axis) => (axis === rank - 2 ? step : 0));
    columns.push(
      pad(
        column,
        low,
        low.map(() => 0),
      ),
    );
    if (step === size - 1) break;
    const below = block(column, 1, 0, 1);
    rest = sub(block(rest, 1, 1, size - 1 - step), mul(below, transposeMatrix(below)));
  }
  return concat(columns, rank - 1);
}

function referenceCholesky([input]: readonly RefArray[]): Float64Array {
  const a = input as RefArray;
  const size = at(a.shape, a.shape.length - 1);
  const out = new Float64Array(a.shape.size);
  for (let start = 0; start < a.shape.size; start += size * size)
    for (let row = 0; row < size; row++)
      for (let column = 0; column <= row; column++) {
        const [i, j] = [start + row * size, start + column * size];
        let value = ((a.data[i + column] as number) + (a.data[j + row] as number)) / 2;
        for (let k = 0; k < column; k++) value -= (out[i + k] as number) * (out[j + k] as number);
        out[i + column] = row === column ? Math.sqrt(value) : value / (out[j + column] as number);
      }
  return out;
}

export const choleskyPrimitive: Primitive = /*#__PURE__*/ composite("cholesky", {
  shape: (inputs) => {
    const a = at(inputs, 0);
    const [rows, columns] = [a.shape.at(-2) ?? -1, a.shape.at(-1)];
    if (rows !== columns)
      throw new ShapeError("cholesky", "the matrix is not square.", {
        received: `${typeText(a.dtype, a.shape)}.`,
        expected: "a tensor [..., n, n].",
        fix: "pass a symmetric positive definite matrix.",
      });
    if (rows <= maxColumns) return a.shape;
    throw new ValueError("cholesky", `matrices above ${maxColumns} x ${maxColumns} are not supported yet.`, {
      received: `${typeText(a.dtype, a.shape)}.`,
      expected: `n <= ${maxColumns}.`,
      fix: "factor a smaller matrix, or on the host.",
    });
  },
  dtype: (inputs) => commonDtype("cholesky", inputs, "float"),
  decompose: choleskyColumns,
  vjp: /*#__PURE__*/ vjpByDecomposition(choleskyColumns),
  reference: referenceCholesky,
});

/** Lower L with L L^T = a, for symmetric positive definite a[..., n, n], n <= 64. Other matrices give NaN. */
export const cholesky = (a: Node): Node => record(choleskyPrimitive, [a]);

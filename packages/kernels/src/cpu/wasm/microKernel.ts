/** @file The inner product of packed panels: a tile of C in registers, over a block of k. */
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import { add, int, mul } from "./integers.ts";
import { add as addFloats } from "./math/expression.ts";
import { loadVector, storeVector } from "./vectors.ts";

/** Rows and columns of a tile: eight accumulators, two vectors of B and one of A fit the sixteen registers of x64. */
export const tileRows = 4;
export const tileColumns = 8;

const vectors = tileColumns / 4;
const signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32"], results: [] } as const;

/**
 * The index of `(a, b, depth, c, rowBytes, isFirst)`: c = a b for panels a [depth, rows] and b [depth, columns]; added to what is there
 * unless `isFirst`.
 */
export function microKernel(module: ModuleBuilder): number {
  return module.helper("microKernel", signature, emitTile);
}

function emitTile(f: FunctionBuilder): void {
  const [a, b, depth, c, rowBytes, isFirst] = f.params as [Local, Local, Local, Local, Local, Local];
  const sums = Array.from({ length: tileRows * vectors }, () => f.local("v128"));
  const columns = Array.from({ length: vectors }, () => f.local("v128"));
  const end = f.keep("i32", add(a.get, mul(depth.get, int(tileRows * 4))));
  f.loop(a, a.get, end.get, tileRows * 4, () => {
    columns.forEach((column, j) => f.set(column, loadVector(b.get, j * 16)));
    for (let row = 0; row < tileRows; row++) multiplyRow(f, a, row, columns, sums);
    f.set(b, add(b.get, int(tileColumns * 4)));
  });
  for (let row = 0; row < tileRows; row++) {
    const own = sums.slice(row * vectors, (row + 1) * vectors);
    f.if(
      isFirst.get,
      () => storeRow(f, c, own, false),
      () => storeRow(f, c, own, true),
    );
    f.set(c, add(c.get, rowBytes.get));
  }
}

function multiplyRow(
  f: FunctionBuilder,
  a: Local,
  row: number,
  columns: readonly Local[],
  sums: readonly Local[],
): void {
  const factor = f.keep("v128", () => {
    a.get(f);
    f.memory("v128.load32_splat", row * 4);
  });
  columns.forEach((column, j) => {
    const sum = sums[row * vectors + j]!;
    f.set(sum, () => f.multiplyAdd(factor.get, column.get, sum.get));
  });
}

function storeRow(f: FunctionBuilder, c: Local, sums: readonly Local[], adds: boolean): void {
  sums.forEach((sum, j) => {
    const value = adds ? addFloats(sum.get, loadVector(c.get, j * 16)) : sum.get;
    storeVector(f, c.get, value, j * 16);
  });
}

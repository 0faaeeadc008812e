/** @file The inner product of packed panels: a tile of C in registers, over a block of k. */
import type { FunctionBuilder, Local } from "./assembler.ts";
import { add, int, mul } from "./integers.ts";
import { add as addFloats } from "./math/expression.ts";
import type { ModuleBuilder } from "./moduleBuilder.ts";
import { loadVector, storeVector } from "./vectors.ts";

/**
 * Rows and columns of a tile: twelve accumulators, two vectors of B and one of A are what the sixteen registers of x64 hold; where products
 * have to be kept before they are added, eight are.
 */
export const tileRows = 4;
export const tallTileRows = 6;
export const tileColumns = 8;

/** V8 before 13, which Node 22 has, loads all of a turn's operands before it multiplies, and runs out of registers for tall tiles. */
export function spillsTallTiles(): boolean {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly v8?: string } } };
  return Number.parseInt(process?.versions?.v8 ?? "13", 10) < 13;
}

const vectors = tileColumns / 4;
const signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32"], results: [] } as const;

/** How many rows a tile has, and how its operands lie, in elements. */
export interface Tile {
  readonly rows: number;
  /** From one row of a to the next, and from one k. */
  readonly lineStride: number;
  readonly depthStride: number;
  /** From one k of b to the next. */
  readonly pitch: number;
}

/** Of panels a [depth, rows] and b [depth, columns]. */
export function panelTile(rows: number): Tile {
  return { rows, lineStride: 1, depthStride: rows, pitch: tileColumns };
}

/** The index of `(a, b, depth, c, rowBytes, isFirst)`: c = a b, added to what is there unless `isFirst`. */
export function microKernel(module: ModuleBuilder, tile = panelTile(tileRows)): number {
  const { rows, lineStride, depthStride, pitch } = tile;
  const name = `microKernel ${[rows, lineStride, depthStride, pitch].join(" ")}`;
  return module.helper(name, signature, (f) => emitTile(f, tile));
}

function emitTile(f: FunctionBuilder, { rows, lineStride, depthStride, pitch }: Tile): void {
  const [a, b, depth, c, rowBytes, isFirst] = f.params as [Local, Local, Local, Local, Local, Local];
  const sums = Array.from({ length: rows * vectors }, () => f.local("v128"));
  const columns = Array.from({ length: vectors }, () => f.local("v128"));
  const end = f.keep("i32", add(a.get, mul(depth.get, int(depthStride * 4))));
  f.loop(a, a.get, end.get, depthStride * 4, () => {
    columns.forEach((column, j) => f.set(column, loadVector(b.get, j * 16)));
    for (let row = 0; row < rows; row++) {
      multiplyRow(f, a, row * lineStride, columns, sums.slice(row * vectors));
    }
    f.set(b, add(b.get, int(pitch * 4)));
  });
  for (let row = 0; row < rows; row++) {
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
  at: number,
  columns: readonly Local[],
  sums: readonly Local[],
): void {
  const factor = f.keep("v128", () => {
    a.get(f);
    f.memory("v128.load32_splat", at * 4);
  });
  columns.forEach((column, j) => {
    const sum = sums[j]!;
    f.set(sum, () => f.multiplyAdd(factor.get, column.get, sum.get));
  });
}

function storeRow(f: FunctionBuilder, c: Local, sums: readonly Local[], adds: boolean): void {
  sums.forEach((sum, j) => {
    const value = adds ? addFloats(sum.get, loadVector(c.get, j * 16)) : sum.get;
    storeVector(f, c.get, value, j * 16);
  });
}

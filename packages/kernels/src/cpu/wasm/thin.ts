/** @file Products of a single row, which read the matrix once where it lies: nothing is packed. */
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { add, int, mul } from "./integers.ts";
import { add as addFloats, words } from "./math/expression.ts";
import type { ModuleBuilder } from "./moduleBuilder.ts";
import { loadVector, storeVector } from "./vectors.ts";

const signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32"], results: [] } as const;
/** Columns that are summed at a time: eight accumulators. */
const wide = 32;
const narrow = 8;

/**
 * The index of `(a, b, depth, c, columns, isFirst)`: the row c [columns] = a [depth] b [depth, columns], added to what is there unless `isFirst`.
 * Strides are in elements; the columns of b are neighbours. Up to seven more columns are computed from what lies behind the row.
 */
export function rowByColumns(module: ModuleBuilder, aStride: number, bStride: number): number {
  return module.helper(`row ${aStride} ${bStride}`, signature, (f) => {
    const [, b, , c, columns] = f.params as [Local, Local, Local, Local, Local];
    const [j, whole] = [f.local("i32"), f.keep("i32", () => roundDown(f, columns, wide))];
    for (const [width, from, to] of [
      [wide, int(0), whole.get],
      [narrow, whole.get, columns.get],
    ] as const) {
      f.loop(j, from, to, width, () => {
        const start = f.keep("i32", add(b.get, mul(j.get, int(4))));
        const target = f.keep("i32", add(c.get, mul(j.get, int(4))));
        sumColumns(f, start, target, width, aStride, bStride);
      });
    }
  });
}

function roundDown(f: FunctionBuilder, count: Local, step: number): void {
  count.get(f);
  f.i32(-step);
  f.plain("i32.and");
}

function sumColumns(
  f: FunctionBuilder,
  b: Local,
  c: Local,
  width: number,
  aStride: number,
  bStride: number,
): void {
  const [a, , depth, , , isFirst] = f.params as [Local, Local, Local, Local, Local, Local];
  const offsets = Array.from({ length: width / 4 }, (_, i) => i * 16);
  const sums = offsets.map(() => f.keep("v128", words(0)));
  const [from, k] = [f.keep("i32", a.get), f.local("i32")];
  f.loop(k, int(0), depth.get, 1, () => {
    const factor = f.keep("v128", () => {
      from.get(f);
      f.memory("v128.load32_splat");
    });
    sums.forEach((sum, i) => {
      f.set(sum, () => f.multiplyAdd(factor.get, loadVector(b.get, offsets[i]), sum.get));
    });
    f.set(from, add(from.get, int(aStride * 4)));
    f.set(b, add(b.get, int(bStride * 4)));
  });
  // As for tiles, block by block: results do not depend on the number of rows.
  sums.forEach((sum, i) => {
    const before: Value = () =>
      f.if(
        isFirst.get,
        () => words(0)(f),
        () => loadVector(c.get, offsets[i])(f),
        "v128",
      );
    storeVector(f, c.get, addFloats(sum.get, before), offsets[i]);
  });
}

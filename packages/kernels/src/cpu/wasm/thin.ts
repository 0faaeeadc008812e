/** @file Products of a single row, which read the matrix once where it lies: nothing is packed. */
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import { add, int, min, mul, sub } from "./integers.ts";

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
  const sums = offsets.map((at) =>
    f.keep("v128", () =>
      f.if(
        isFirst.get,
        () => f.v128([0, 0, 0, 0], true),
        () => {
          c.get(f);
          f.memory("v128.load", at);
        },
        "v128",
      ),
    ),
  );
  const [from, k] = [f.keep("i32", a.get), f.local("i32")];
  f.loop(k, int(0), depth.get, 1, () => {
    const factor = f.keep("v128", () => {
      from.get(f);
      f.memory("v128.load32_splat");
    });
    sums.forEach((sum, i) => {
      f.set(sum, () =>
        f.multiplyAdd(
          factor.get,
          () => {
            b.get(f);
            f.memory("v128.load", offsets[i]);
          },
          sum.get,
        ),
      );
    });
    f.set(from, add(from.get, int(aStride * 4)));
    f.set(b, add(b.get, int(bStride * 4)));
  });
  sums.forEach((sum, i) => {
    c.get(f);
    sum.get(f);
    f.memory("v128.store", offsets[i]);
  });
}

/**
 * The same for a matrix whose k are neighbours, and so are those of the row: column j starts `bStride` elements after the one before. Four columns share
 * what is loaded of the row.
 */
export function rowByRows(module: ModuleBuilder, bStride: number): number {
  return module.helper(`dot ${bStride}`, signature, (f) => {
    const [a, b, depth, c, columns, isFirst] = f.params as [Local, Local, Local, Local, Local, Local];
    const bytes = f.keep("i32", mul(depth.get, int(4)));
    const whole = f.keep("i32", () => roundDown(f, bytes, 16));
    const [j, at] = [f.local("i32"), f.local("i32")];
    f.loop(j, int(0), columns.get, 4, () => {
      const lines = [0, 1, 2, 3].map((i) => {
        const column = min(add(j.get, int(i)), sub(columns.get, int(1)));
        return f.keep("i32", add(b.get, mul(f.keep("i32", column).get, int(bStride * 4))));
      });
      const sums = lines.map(() => f.keep("v128", () => f.v128([0, 0, 0, 0], true)));
      for (const [load, step, from, to] of [
        ["v128.load", 16, int(0), whole.get],
        ["v128.load32_zero", 4, whole.get, bytes.get],
      ] as const) {
        f.loop(at, from, to, step, () => {
          const x = f.let(() => {
            add(a.get, at.get)(f);
            f.memory(load);
          });
          sums.forEach((sum, i) => {
            f.set(sum, () =>
              f.multiplyAdd(
                x,
                () => {
                  add(lines[i]!.get, at.get)(f);
                  f.memory(load);
                },
                sum.get,
              ),
            );
          });
        });
      }
      storeSums(f, sums, f.keep("i32", add(c.get, mul(j.get, int(4)))), isFirst);
    });
  });
}

/** Adds up the lanes of four sums into four neighbours. */
function storeSums(f: FunctionBuilder, sums: readonly Local[], target: Local, isFirst: Local): void {
  // Pairs of lanes, then pairs of pairs: (x0 + x2, y0 + y2, x1 + x3, y1 + y3) of two sums each.
  const pairs = [0, 2].map((i) =>
    f.let(() => {
      for (const bytes of [
        [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23],
        [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31],
      ]) {
        sums[i]!.get(f);
        sums[i + 1]!.get(f);
        f.shuffle(bytes);
      }
      f.simd("f32x4.add");
    }),
  );
  target.get(f);
  for (const bytes of [
    [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23],
    [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31],
  ]) {
    for (const pair of pairs) pair(f);
    f.shuffle(bytes);
  }
  f.simd("f32x4.add");
  f.if(
    isFirst.get,
    () => f.v128([0, 0, 0, 0], true),
    () => {
      target.get(f);
      f.memory("v128.load");
    },
    "v128",
  );
  f.simd("f32x4.add");
  f.memory("v128.store");
}

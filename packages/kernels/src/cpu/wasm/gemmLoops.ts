/** @file The loops of matrix products over packed panels: packing, multiplying, and the sums of columns. */
import type { FunctionBuilder, Value } from "./assembler.ts";
import { add, addScaled, ceilDiv, int, mul, sub } from "./integers.ts";
import { add as addFloats, words } from "./math/expression.ts";
import { microKernel, tileColumns } from "./microKernel.ts";
import type { Block } from "./operand.ts";
import { packer } from "./pack.ts";
import { loadVector, storeVector } from "./vectors.ts";

/** From `from` on, below `to`. */
export type Bounds = readonly [from: Value, to: Value];

/** A block of k: its first, and how many. */
export interface DepthBlock {
  readonly k: Value;
  readonly depth: Value;
}

/** Packs `count` lines from `first` on, in panels of `width`. */
export function packLines(
  f: FunctionBuilder,
  width: number,
  block: Block,
  [first, count]: readonly [Value, Value],
  { k, depth }: DepthBlock,
  packed: Value,
): void {
  const pack = packer(f.module, width, block.lineStride, block.depthStride);
  const line = f.local("i32");
  const to = f.keep("i32", packed);
  f.loop(line, int(0), count, width, () => {
    block.at(add(first, line.get), k)(f);
    to.get(f);
    sub(count, line.get)(f);
    depth(f);
    f.call(pack);
    f.set(to, add(to.get, mul(depth, int(width * 4))));
  });
}

/** A block of k of B: where its columns begin, and how far its k are apart; null: panels. */
export interface Columns {
  readonly start: Value;
  readonly pitch: number | null;
}

/** Tiles of the rows in packed A by all columns of B, added to C unless the block of k is the first. */
export function multiplyPanels(
  f: FunctionBuilder,
  [packedA, { start, pitch }, c]: readonly [Value, Columns, Value],
  rows: Value,
  { columns, tileRows }: { readonly columns: number; readonly tileRows: number },
  { k, depth }: DepthBlock,
): void {
  const kernel = microKernel(f.module, tileRows, pitch ?? tileColumns);
  const step = int(tileColumns * 4);
  const [i, j] = [f.local("i32"), f.local("i32")];
  const b = f.keep("i32", start);
  const first = f.keep("i32", isZero(k));
  const panels = f.keep("i32", ceilDiv(rows, tileRows));
  f.loop(j, int(0), int(columns), tileColumns, () => {
    const a = f.keep("i32", packedA);
    const target = f.keep("i32", addScaled(c, j.get, 4));
    f.loop(i, int(0), panels.get, 1, () => {
      for (const value of [a.get, b.get, depth, target.get, int(columns * 4), first.get]) value(f);
      f.call(kernel);
      f.set(a, add(a.get, mul(depth, int(tileRows * 4))));
      f.set(target, add(target.get, int(tileRows * columns * 4)));
    });
    f.set(b, add(b.get, pitch === null ? mul(depth, step) : step));
  });
}

/** Adds the sums of columns over a packed block of k to those so far. */
export function addColumns(
  f: FunctionBuilder,
  totals: Value,
  packed: Value,
  { k, depth }: DepthBlock,
  [first, end]: Bounds,
): void {
  const [j, row] = [f.local("i32"), f.local("i32")];
  const from = f.keep("i32", packed);
  const isFirst = f.keep("i32", isZero(k));
  f.loop(j, first, end, tileColumns, () => {
    const to = f.keep("i32", addScaled(totals, j.get, 4));
    const sums = [0, 16].map((at) =>
      f.keep("v128", () =>
        f.if(
          isFirst.get,
          () => words(0)(f),
          () => loadVector(to.get, at)(f),
          "v128",
        ),
      ),
    );
    f.loop(row, int(0), depth, 1, () => {
      sums.forEach((sum, i) => f.set(sum, addFloats(sum.get, loadVector(from.get, i * 16))));
      f.set(from, add(from.get, int(tileColumns * 4)));
    });
    sums.forEach((sum, i) => storeVector(f, to.get, sum.get, i * 16));
  });
}

export function isZero(value: Value): Value {
  return (f) => {
    value(f);
    f.plain("i32.eqz");
  };
}

/** @file The loops of matrix products over packed panels: packing, multiplying, and the sums of columns. */
import type { FunctionBuilder, Value } from "./assembler.ts";
import { add, addScaled, ceilDiv, div, int, mul, sub } from "./integers.ts";
import { add as addFloats, words } from "./math/expression.ts";
import { microKernel, panelTile, type Tile, tileColumns } from "./microKernel.ts";
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

/** Lines of an operand in a block of k: where the first is, and how far apart they are (rows of A) or their k (columns of B); null: panels. */
export interface Lines {
  readonly start: Value;
  readonly pitch: number | null;
}

/** Of a product: the last rows of A make a tile of their own where it is not packed. */
export interface TileSizes {
  readonly m: number;
  readonly columns: number;
  readonly tileRows: number;
}

/** Tiles of some rows of A by all columns of B, added to C unless the block of k is the first. */
export function multiplyTiles(
  f: FunctionBuilder,
  [a, b, c]: readonly [Lines, Lines, Value],
  rows: Value,
  sizes: TileSizes,
  { k, depth }: DepthBlock,
): void {
  const { m, columns, tileRows } = sizes;
  const column = f.local("i32");
  const [from, first] = [f.keep("i32", b.start), f.keep("i32", isZero(k))];
  const whole = f.keep("i32", a.pitch === null ? ceilDiv(rows, tileRows) : div(rows, int(tileRows)));
  const left = a.pitch === null ? 0 : m % tileRows;
  const hasLeft = f.keep("i32", sub(rows, mul(whole.get, int(tileRows))));
  f.loop(column, int(0), int(columns), tileColumns, () => {
    const line = f.keep("i32", a.start);
    const target = f.keep("i32", addScaled(c, column.get, 4));
    const multiply = (count: number): void => {
      for (const value of [line.get, from.get, depth, target.get, int(columns * 4), first.get]) value(f);
      f.call(microKernel(f.module, tileOf(count, a.pitch, b.pitch)));
    };
    const [tile, step] = [f.local("i32"), int(tileRows * (a.pitch ?? 1) * 4)];
    f.loop(tile, int(0), whole.get, 1, () => {
      multiply(tileRows);
      f.set(line, add(line.get, a.pitch === null ? mul(depth, step) : step));
      f.set(target, add(target.get, int(tileRows * columns * 4)));
    });
    if (left > 0) f.if(hasLeft.get, () => multiply(left));
    f.set(from, add(from.get, b.pitch === null ? mul(depth, int(tileColumns * 4)) : int(tileColumns * 4)));
  });
}

function tileOf(rows: number, ofA: number | null, ofB: number | null): Tile {
  const panels = panelTile(rows);
  const a = ofA === null ? panels : { ...panels, lineStride: ofA, depthStride: 1 };
  return { ...a, pitch: ofB ?? panels.pitch };
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

/** @file The cotangent of queries, slopes times keys: the slopes of some blocks of keys are gathered for one product. */
import type { Value } from "../assembler.ts";
import { addScaled, equal, int, min, sub } from "../integers.ts";
import { constant, mul } from "../math/expression.ts";
import { tileColumns, tileRows } from "../microKernel.ts";
import { packer } from "../pack.ts";
import type { Block, Pairs } from "./attentionPairs.ts";
import { loadHalf, type Matrix, multiplyPanels, panelWords, rowBytes, storeHalf } from "./panels.ts";

/** Keys of a product: it is deep enough to be fast, and its panels stay in the cache. */
export const chunkKeys = 64;

export class QuerySums {
  readonly #pairs: Pairs;
  /** Panels [chunkKeys, 4] of four queries each. */
  readonly #slopes: Value;
  /** A panel [chunkKeys, 8] of eight columns of the keys. */
  readonly #keys: Value;
  /** Sums [columns / 8, time, 8]. */
  readonly #sums: Value;
  readonly #sumWords: number;

  constructor(pairs: Pairs) {
    const { call, time, depth } = pairs;
    this.#pairs = pairs;
    this.#sumWords = panelWords(time, tileColumns);
    this.#slopes = call.scratch(panelWords(time, chunkKeys));
    this.#keys = call.scratch(chunkKeys * tileColumns);
    this.#sums = call.scratch(Math.ceil(depth / tileColumns) * this.#sumWords);
  }

  /** Takes the slopes [time, 8] of a block of the chunk: 0 for queries that it does not meet, but other blocks of the chunk. */
  pack({ first, begin }: Block, slopes: Value, chunk: Value): void {
    const { f, time, row } = this.#pairs;
    const start = f.keep("i32", this.#pairs.firstQuery(chunk)).get;
    f.loop(row, start, begin, 1, () => {
      const at = addScaled(slopes, row.get, rowBytes);
      for (const half of [0, 1]) storeHalf(f, at, half, constant(0));
    });
    const pack = packer(f.module, tileRows, tileColumns, 1);
    const to = f.keep("i32", addScaled(this.#slopes, sub(first, chunk), tileRows * 4)).get;
    f.loop(row, start, int(time), tileRows, () => {
      addScaled(slopes, row.get, rowBytes)(f);
      addScaled(to, row.get, chunkKeys * 4)(f);
      min(sub(int(time), row.get), int(tileRows))(f);
      f.i32(tileColumns);
      f.call(pack);
    });
  }

  /** Adds the product with the keys of the chunk. */
  add(keys: Matrix, chunk: Value, end: Value): void {
    const { f, time } = this.#pairs;
    const pack = packer(f.module, tileColumns, 1, keys.pitch);
    const column = f.local("i32");
    const count = f.keep("i32", sub(end, chunk)).get;
    const start = f.keep("i32", this.#pairs.firstQuery(chunk)).get;
    f.loop(column, int(0), int(keys.columns), tileColumns, () => {
      addScaled(addScaled(keys.at, chunk, keys.pitch * 4), column.get, 4)(f);
      this.#keys(f);
      f.i32(tileColumns);
      count(f);
      f.call(pack);
      multiplyPanels(f, {
        panels: addScaled(this.#slopes, start, chunkKeys * 4),
        panelDepth: chunkKeys,
        depth: count,
        columns: this.#keys,
        to: addScaled(this.#sumsOf(column.get), start, rowBytes),
        lines: sub(int(time), start),
        isFirst: equal(chunk, int(0)),
      });
    });
  }

  /** The sums of eight columns. */
  #sumsOf(column: Value): Value {
    return addScaled(this.#sums, column, (this.#sumWords / tileColumns) * 4);
  }

  /** Stores the sums of a head, which are those of queries without their factor. */
  store({ at, rows, columns, pitch }: Matrix): void {
    const { f, row, scale } = this.#pairs;
    f.loop(row, int(0), int(rows), 1, () => {
      const to = f.keep("i32", addScaled(at, row.get, pitch * 4)).get;
      for (let column = 0; column < columns; column += 4) {
        const half = (column % tileColumns) / 4;
        const from = addScaled(this.#sumsOf(int(column - half * 4)), row.get, rowBytes);
        storeHalf(f, to, column / 4, mul(loadHalf(from, half), scale));
      }
    });
  }
}

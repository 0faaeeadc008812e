/** @file Products with recurrent weights: rows of a state or of slopes, where they lie, times panels of columns that are packed once a call. */
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { add, addScaled, int, sub } from "../integers.ts";
import { fma } from "../math/expression.ts";
import type { ModuleBuilder } from "../moduleBuilder.ts";
import { packer } from "../pack.ts";
import type { TemplateCall } from "../template.ts";
import { type Block, blockRows } from "./sequence.ts";

/** A tile of sums fills eight registers. */
const tileRows = 4;
const tileColumns = 8;

const tileSignature = { params: ["i32", "i32", "i32"], results: [] } as const;

/** A matrix [depth, columns] in memory; strides are elements. */
interface Weights {
  readonly at: Value;
  readonly depth: number;
  readonly columns: number;
  readonly columnStride: number;
  readonly depthStride: number;
}

export class RecurrentProduct {
  readonly #f: FunctionBuilder;
  readonly #weights: Weights;
  readonly #batch: number;
  readonly #panels: Value;
  readonly #sums: Value;
  readonly #sumsBytes: number;

  /** Packs the weights. */
  constructor({ f, scratch }: TemplateCall, weights: Weights, batch: number) {
    const { depth, columns } = weights;
    const padded = Math.ceil(columns / tileColumns) * tileColumns;
    this.#f = f;
    this.#weights = weights;
    this.#batch = batch;
    this.#panels = scratch(padded * depth);
    this.#sums = scratch(padded * Math.min(batch, blockRows));
    this.#sumsBytes = padded * 4;
    this.#pack();
  }

  /** Computes the sums of a block of rows from its operand, whose rows lie `rowWords` apart. */
  emit({ first, end }: Block, operand: Value, rowWords: number): void {
    const f = this.#f;
    const { depth, columns } = this.#weights;
    const [row, column] = [f.local("i32"), f.local("i32")];
    const emitTile = (rows: number): void => {
      addScaled(operand, row.get, rowWords * 4)(f);
      addScaled(this.#panels, column.get, depth * 4)(f);
      addScaled(addScaled(this.#sums, row.get, this.#sumsBytes), column.get, 4)(f);
      f.call(tile(f.module, rows, depth, rowWords * 4, this.#sumsBytes));
    };
    const rows = f.keep("i32", sub(end, first)).get;
    const whole = f.keep("i32", multipleBelow(rows)).get;
    // Only the last block has a rest: that of the batch.
    const rest = this.#batch % tileRows;
    f.loop(column, int(0), int(columns), tileColumns, () => {
      f.loop(row, int(0), whole, tileRows, () => emitTile(tileRows));
      if (rest > 0) f.loop(row, whole, rows, tileRows, () => emitTile(rest));
    });
  }

  /** The address of the sums of a row of a block. */
  sumsOf({ first }: Block, row: Value): Value {
    return this.#f.keep("i32", addScaled(this.#sums, sub(row, first), this.#sumsBytes)).get;
  }

  #pack(): void {
    const f = this.#f;
    const { at, depth, columns, columnStride, depthStride } = this.#weights;
    const pack = packer(f.module, tileColumns, columnStride, depthStride);
    const column = f.local("i32");
    f.loop(column, int(0), int(columns), tileColumns, () => {
      addScaled(at, column.get, columnStride * 4)(f);
      addScaled(this.#panels, column.get, depth * 4)(f);
      sub(int(columns), column.get)(f);
      f.i32(depth);
      f.call(pack);
    });
  }
}

function multipleBelow(rows: Value): Value {
  return (f) => {
    rows(f);
    f.i32(-tileRows);
    f.plain("i32.and");
  };
}

/** The index of `(a, b, c)`: c [rows, 8] = a [rows, depth] b, a panel [depth, 8]. */
function tile(module: ModuleBuilder, rows: number, depth: number, aBytes: number, cBytes: number): number {
  return module.helper(`recurrent ${rows} ${depth} ${aBytes} ${cBytes}`, tileSignature, (f) => {
    const [a, b, c] = f.params as [Local, Local, Local];
    const sums = Array.from({ length: rows }, () => [f.local("v128"), f.local("v128")]);
    const end = f.keep("i32", add(a.get, int(depth * 4)));
    f.loop(a, a.get, end.get, 4, () => {
      const columns = [0, 1].map((j) => f.let(load("v128.load", b, j * 16)));
      sums.forEach((sumsOfRow, row) => {
        const factor = f.let(load("v128.load32_splat", a, row * aBytes));
        sumsOfRow.forEach((sum, j) => f.set(sum, fma(factor, columns[j]!, sum.get)));
      });
      f.set(b, add(b.get, int(tileColumns * 4)));
    });
    sums.forEach((sumsOfRow, row) => sumsOfRow.forEach((sum, j) => store(f, c, row * cBytes + j * 16, sum)));
  });
}

function load(name: "v128.load" | "v128.load32_splat", at: Local, offset: number): Value {
  return (f) => {
    at.get(f);
    f.memory(name, offset);
  };
}

function store(f: FunctionBuilder, at: Local, offset: number, value: Local): void {
  at.get(f);
  value.get(f);
  f.memory("v128.store", offset);
}

/** @file The matrix product: packed panels, 4 x 4 tiles in float64, the epilogue on rows as they are finished. */
import type { Body, GemmKernel } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import { type BodyProgram, storesOf } from "../bodySpec.ts";
import type { Runner } from "../machine.ts";
import type { MemoryRange } from "../memory.ts";
import { makeNest } from "../nest.ts";
import type { BlockMachine } from "./blockMachine.ts";
import { compileBody } from "./body.ts";
import { runPart } from "./loop.ts";
import { multiplyRow, multiplyTile, packColumns, sumColumns, tileSize } from "./microKernel.ts";
import {
  compileOperand,
  type GemmExtents,
  runRows,
  type Source,
  scratchForm,
  scratchRange,
} from "./operand.ts";

/** Elements of C between two runs of the epilogue: enough to fill its blocks, few enough to stay in the cache. */
const partElements = 2048;

/** Elements of a computed A that are held at a time (4 MB). */
const maxPartOfA = 1 << 20;

class Gemm {
  readonly #extents: GemmExtents;
  readonly #a: Source;
  readonly #b: Source;
  readonly #epilogue: BodyProgram;
  readonly #columnSum: BodyProgram | null;
  /** Rows of C that are computed before the epilogue runs. */
  readonly #partRows: number;
  readonly #c: Float32Array;
  /** A tile that crosses the right edge of C. */
  readonly #edge = new Float32Array(tileSize * tileSize);
  readonly #sums: Float32Array;
  readonly #row: Float64Array;
  readonly #packedA: Float64Array;
  readonly #packedB: Float64Array;

  constructor(kernel: GemmKernel, bindings: readonly MemoryRange[], params: Params, machine: BlockMachine) {
    const [batch, m, n, k] = params.words as unknown as [number, number, number, number];
    const { scratch } = machine;
    this.#extents = [batch, m, n, k, 1];
    const rows = Math.min(m, partElements / Math.max(n, 1), maxPartOfA / Math.max(k, 1));
    this.#partRows = roundUp(Math.max(1, rows));
    this.#a = compileOperand(kernel.a, "a", [1, 3], this.#partRows, this.#extents, bindings, params, machine);
    this.#b = compileOperand(kernel.b, "b", [3, 2], k, this.#extents, bindings, params, machine);
    const c = scratch.take("c", this.#partRows * n * 4);
    this.#c = new Float32Array(c);
    this.#row = new Float64Array(scratch.take("row", n * 8));
    this.#packedA = new Float64Array(scratch.take("packedA", tileSize * k * 8));
    this.#packedB = new Float64Array(scratch.take("packedB", roundUp(n) * k * 8));
    this.#epilogue = this.#compile(kernel.epilogue, c, bindings, params, machine);
    const sums = scratch.take("sums", n * 4);
    this.#sums = new Float32Array(sums);
    this.#columnSum = kernel.columnSum
      ? this.#compileSums(kernel.columnSum, sums, bindings, params, machine)
      : null;
  }

  run(): void {
    const [batch, m, , k] = this.#extents;
    const thin = m < tileSize;
    for (let i = 0; i < batch; i++) {
      if (i === 0 || !this.#b.shared) {
        this.#b.prepare(i, 0, k);
        if (!thin) this.#packB();
      }
      for (let first = 0; first < m; first += this.#partRows) {
        const end = Math.min(m, first + this.#partRows);
        this.#a.prepare(i, first, end);
        if (thin) this.#multiplyRows(end - first);
        else this.#multiplyTiles(end - first);
        runRows(this.#epilogue, i, first, end, this.#extents[2]);
      }
      if (this.#columnSum) this.#runSums(this.#columnSum, i);
    }
  }

  #packB(): void {
    const [, , n, k] = this.#extents;
    for (let j = 0; j < n; j += tileSize) packColumns(this.#b.matrix, k, j, n, this.#packedB, j * k);
  }

  #multiplyTiles(rows: number): void {
    const c = this.#c;
    const edge = this.#edge;
    const packedA = this.#packedA;
    const packedB = this.#packedB;
    const [, , n, k] = this.#extents;
    const whole = n - (n % tileSize);
    const { slot, rowStride, columnStride } = this.#a.matrix;
    const transposed = { slot, rowStride: columnStride, columnStride: rowStride };
    for (let i = 0; i < rows; i += tileSize) {
      packColumns(transposed, k, i, rows, packedA, 0);
      for (let j = 0; j < whole; j += tileSize) multiplyTile(packedA, packedB, j * k, k, c, i * n + j, n);
      if (whole === n) continue;
      multiplyTile(packedA, packedB, whole * k, k, edge, 0, tileSize);
      for (let row = 0; row < tileSize; row++) {
        for (let j = whole; j < n; j++) c[(i + row) * n + j] = edge[row * tileSize + j - whole]!;
      }
    }
  }

  #multiplyRows(rows: number): void {
    const [, , n, k] = this.#extents;
    for (let i = 0; i < rows; i++) {
      multiplyRow(this.#a.matrix, i, this.#b.matrix, k, n, this.#row);
      for (let j = 0; j < n; j++) this.#c[i * n + j] = this.#row[j]!;
    }
  }

  #runSums(program: BodyProgram, batch: number): void {
    const [, , n, k] = this.#extents;
    sumColumns(this.#b.matrix, k, n, this.#row);
    for (let j = 0; j < n; j++) this.#sums[j] = this.#row[j]!;
    runPart(program, batch, 0, n);
  }

  #compile(
    { code, stores }: Body,
    c: ArrayBuffer,
    bindings: readonly MemoryRange[],
    params: Params,
    machine: BlockMachine,
  ): BodyProgram {
    const [, m, n] = this.#extents;
    const accumulator = { range: scratchRange(c, m * n), form: scratchForm(1, 2, n) };
    const spec = { code, stages: [], stores: storesOf(stores, bindings), bindings, params, accumulator };
    return compileBody(spec, makeNest(this.#extents, [0], [1, 2], [], false), machine.registers);
  }

  #compileSums(
    { code, stores }: Body,
    sums: ArrayBuffer,
    bindings: readonly MemoryRange[],
    params: Params,
    machine: BlockMachine,
  ): BodyProgram {
    const accumulator = { range: scratchRange(sums, this.#extents[2]), form: axesAffine([[2, 1]]) };
    const spec = { code, stages: [], stores: storesOf(stores, bindings), bindings, params, accumulator };
    return compileBody(spec, makeNest(this.#extents, [0], [2], [], false), machine.registers);
  }
}

function roundUp(count: number): number {
  return Math.ceil(count / tileSize) * tileSize;
}

export function compileGemm(
  kernel: GemmKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): Runner {
  const gemm = new Gemm(kernel, bindings, params, machine);
  return () => gemm.run();
}

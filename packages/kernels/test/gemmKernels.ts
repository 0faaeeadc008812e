/** @file Plain gemm kernels of every layout, their float64 reference and the comparison of the two. */
import type { GemmKernel, GemmTile, Operand } from "../src/ir/kernel.ts";
import { Program, read, set, write } from "./codegenKernels.ts";
import { runKernel } from "./runKernel.ts";

export interface GemmCase {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch?: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly tile: GemmTile;
  readonly columnSum?: boolean;
  /** Never use vector accesses, even where extents divide by 4. */
  readonly scalar?: boolean;
}

/** Element [batch, outer, inner] of an operand stored as [batch, rows, columns]; axes and param words have equal numbers. */
function operand(
  binding: number,
  rowAxis: number,
  columnAxis: number,
  transposed: boolean,
  vector: boolean,
): Operand {
  const p = new Program();
  const value = p.load(binding, p.rowMajor([0, rowAxis, columnAxis]), "float32", vector);
  return { code: p.code, value, transposed, vector };
}

/** Stores acc, for the product plus m % 4, so that an epilogue with a wrong row shows. */
function storing(binding: number, axes: readonly number[], vector: boolean, shifted: boolean) {
  const p = new Program();
  const acc = p.push("acc", "float32");
  const row = p.push("and", "int32", [p.axis(1), p.const(3, "int32")]);
  const value = shifted ? p.push("add", "float32", [acc, p.push("cast", "float32", [row])]) : acc;
  return { code: p.code, stores: [set(binding, p.rowMajor(axes), value, "full", vector)] };
}

export function gemmKernel(c: GemmCase): GemmKernel {
  const { m, n, k, transposeA = false, transposeB = false, scalar = false, columnSum = false } = c;
  const fits = (extent: number) => !scalar && extent % 4 === 0;
  const vectorA = fits(transposeA ? m : k);
  const vectorB = fits(transposeB ? k : n);
  const vectorC = fits(n);
  return {
    form: "gemm",
    label: `gemm_${transposeA ? "t" : "n"}${transposeB ? "t" : "n"}`,
    tile: c.tile,
    a: operand(0, transposeA ? 3 : 1, transposeA ? 1 : 3, transposeA, vectorA),
    b: operand(1, transposeB ? 2 : 3, transposeB ? 3 : 2, transposeB, vectorB),
    bindings: [
      read("float32", vectorA),
      read("float32", vectorB),
      write("float32", vectorC),
      ...(columnSum ? [write("float32", vectorC)] : []),
    ],
    numParams: 4,
    epilogue: storing(2, [0, 1, 2], vectorC, true),
    ...(columnSum && { columnSum: storing(3, [0, 2], vectorC, false) }),
  };
}

/** A reproducible sequence in [-0.5, 0.5), exact in float32. */
export function sequence(length: number, salt: number): Float32Array {
  let state = Math.imul(salt, 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) / 65536 - 0.5;
  });
}

export interface GemmData {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly c: Float32Array;
  readonly sums: Float32Array;
}

export function gemmData({ m, n, k, batch = 1 }: GemmCase): GemmData {
  return {
    a: sequence(batch * m * k, 1),
    b: sequence(batch * k * n, 2),
    c: new Float32Array(batch * m * n).fill(-77),
    sums: new Float32Array(batch * n).fill(-77),
  };
}

/** Element at (batch, row, column) of an operand in either layout. */
function at(
  data: Float32Array,
  batch: number,
  rows: number,
  columns: number,
  row: number,
  column: number,
  turned = false,
) {
  return data[batch * rows * columns + (turned ? column * rows + row : row * columns + column)]!;
}

/** The largest error of `data.c` and `data.sums` against float64 loops, relative to sqrt(k). */
export function gemmError(c: GemmCase, data: GemmData): number {
  const { m, n, k, batch = 1 } = c;
  let worst = 0;
  const compare = (got: number, expected: number) => {
    const error = Math.abs(got - expected) / Math.sqrt(k);
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  };
  for (let z = 0; z < batch; z++) {
    for (let j = 0; j < n; j++) {
      let columnSum = 0;
      for (let l = 0; l < k; l++) columnSum += at(data.b, z, k, n, l, j, c.transposeB);
      if (c.columnSum) compare(data.sums[z * n + j]!, columnSum);
      for (let i = 0; i < m; i++) {
        let sum = i % 4;
        for (let l = 0; l < k; l++) {
          sum += at(data.a, z, m, k, i, l, c.transposeA) * at(data.b, z, k, n, l, j, c.transposeB);
        }
        compare(data.c[(z * m + i) * n + j]!, sum);
      }
    }
  }
  return worst;
}

/** Runs a case and gives its error. */
export async function runGemm(device: GPUDevice, c: GemmCase): Promise<number> {
  const data = gemmData(c);
  const arrays = [data.a, data.b, data.c, ...(c.columnSum ? [data.sums] : [])];
  await runKernel(device, gemmKernel(c), arrays, [c.batch ?? 1, c.m, c.n, c.k]);
  return gemmError(c, data);
}

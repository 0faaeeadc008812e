/** @file Which gemm tile a contraction gets: classes by shape alone, so that numbers never depend on load or timing. */
import type { GemmTile } from "../ir/kernel.ts";

/**
 * The tile of a product of [m, k] by [k, n]. `software`: a CPU renderer, where registers alone are fastest.
 *
 * @example gemmTile(true, 128, 128, 784); // 8 x 8 outputs per invocation, no workgroup memory
 */
export function gemmTile(software: boolean, m: number, n: number, k: number): GemmTile {
  return software ? softwareTile(m, n) : hardwareTile(m, n, k);
}

/** 64 invocations as [along n, along m], no wider along n than `columns` outputs of each need. */
function threadsFor(n: number, columns: number): readonly [number, number] {
  const needed = Math.ceil(n / columns);
  const across = needed <= 1 ? 1 : needed <= 2 ? 2 : needed <= 4 ? 4 : 8;
  return [across, 64 / across];
}

function registerTile(n: number, rows: number, columns: number): GemmTile {
  return { threads: threadsFor(n, columns), perThread: [rows, columns], shared: false, depth: 4 };
}

/** As many outputs per invocation as the shape fills: loads cost as much as arithmetic on a CPU renderer. */
function softwareTile(m: number, n: number): GemmTile {
  if (m < 4) return registerTile(n, 1, 4);
  return registerTile(n, m >= 8 ? 8 : 4, n >= 8 ? 8 : 4);
}

/**
 * 64 x 64 tiles through workgroup memory where there are enough of them to fill a GPU, 32 x 32 (4 x 4 each: at least 44 % of the best
 * over four vendors in llama.cpp) for fewer; narrow products keep to registers with one invocation per few outputs.
 */
function hardwareTile(m: number, n: number, k: number): GemmTile {
  if (m < 16 || n < 16 || k < 16) return registerTile(n, m >= 64 && n >= 64 ? 4 : 1, 4);
  const large = Math.ceil(m / 64) * Math.ceil(n / 64) >= 64;
  const outputs = large ? 8 : 4;
  return { threads: [8, 8], perThread: [outputs, outputs], shared: true, depth: 16 };
}

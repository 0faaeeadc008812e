/** @file Which gemm tile a contraction gets: classes by shape alone, so that numbers never depend on load or timing. */
import type { GemmTile } from "../ir/kernel.ts";

/**
 * The tile of a product of [m, k] by [k, n]. `software`: a CPU renderer, where registers alone are fastest.
 *
 * @example gemmTile(true, 512, 512, 512); // 16 x 16 outputs per invocation, no workgroup memory
 */
export function gemmTile(software: boolean, m: number, n: number, k: number): GemmTile {
  return software ? softwareTile(m, n, k) : hardwareTile(m, n, k);
}

/**
 * On a CPU renderer with subgroups of four invocations: the tile of `batch` products in quads, which share their loads; null where
 * another one is better. Up to 8 rows or columns would leave half of a quad's 16 x 16 outputs idle, and a product of some tenths of a
 * millisecond is not worth the 30 ms more that its kernel takes to compile than with 4 x 4 outputs per invocation.
 */
export function quadTile(m: number, n: number, k: number, batch: number): GemmTile | null {
  if (m <= 8 || n <= 8 || batch * m * n * k < 1 << 18) return null;
  const threads = n > 16 ? ([4, 4] as const) : ([2, 8] as const);
  return { threads, perThread: [8, 8], shared: false, depth: 4, quads: true };
}

/** Up to `size` invocations as [along n, along m], no more along n than `columns` outputs of each need. */
function registerTile(size: number, n: number, rows: number, columns: number): GemmTile {
  const across = Math.min(Math.ceil(n / columns), 8, size);
  return {
    threads: [across, Math.floor(size / across)],
    perThread: [rows, columns],
    shared: false,
    depth: 4,
  };
}

/**
 * As many outputs per invocation as the shape fills, since loads are dear on a CPU renderer, in workgroups small enough to keep all
 * cores busy: four invocations are one SIMD register there. Work of some milliseconds takes fewer: a tile's time to compile grows with
 * its outputs (65 ms for 4 x 4, 380 for 16 x 16, over 34 and 14 ms for 128 x 128 x 784).
 */
function softwareTile(m: number, n: number, k: number): GemmTile {
  if (m < 4) return registerTile(32, n, 1, 4);
  const products = m * n * k;
  if (products < 1 << 24) return registerTile(24, n, products < 1 << 20 || k > 512 ? 4 : 8, 4);
  // A short k does not pay for the detour of 256 outputs through memory: 1.2 ms against 0.5 for 128 x 10 x 128.
  if (m >= 16 && n >= 16 && k >= 32) return registerTile(4, n, 16, 16);
  // 9 to 12 columns: three blocks of 4 waste less than two of 8.
  const columns = n <= 4 || (n > 8 && n <= 12) ? 4 : 8;
  return registerTile(24, n, m >= 8 ? 8 : 4, columns);
}

/**
 * 64 x 64 tiles through workgroup memory where there are enough of them to fill a GPU, 32 x 32 (4 x 4 each: at least 44 % of the best
 * over four vendors in llama.cpp) for fewer; narrow products keep to registers with few outputs per invocation.
 */
function hardwareTile(m: number, n: number, k: number): GemmTile {
  if (m < 16 || n < 16 || k < 16) return registerTile(64, n, m >= 64 && n >= 64 ? 4 : 1, 4);
  const large = Math.ceil(m / 64) * Math.ceil(n / 64) >= 64;
  const outputs = large ? 8 : 4;
  return { threads: [8, 8], perThread: [outputs, outputs], shared: true, depth: 16 };
}

/** Workgroups below which a machine is not filled, and the shortest partial sum over k that is worth a workgroup. */
const fill = { software: { groups: 8, depth: 512 }, hardware: { groups: 128, depth: 256 } } as const;

/**
 * The number of partial sums over k (split-K) that fill the machine where the outputs alone do not: filter gradients have few outputs and
 * a long k. The partial sums are added in a fixed order by a kernel of their own.
 */
export function gemmParts(
  software: boolean,
  batch: number,
  m: number,
  n: number,
  k: number,
  { threads, perThread }: GemmTile = gemmTile(software, m, n, k),
): number {
  const groups =
    batch * Math.ceil(m / (threads[1] * perThread[0])) * Math.ceil(n / (threads[0] * perThread[1]));
  const { groups: wanted, depth } = fill[software ? "software" : "hardware"];
  return Math.max(1, Math.min(Math.floor(wanted / groups), Math.floor(k / depth)));
}

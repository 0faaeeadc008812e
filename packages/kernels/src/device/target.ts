/** @file What compilation may know of a GPU device. */
import type { Target } from "../ir/device.ts";
import type { GemmTile } from "../ir/kernel.ts";

/**
 * The target of a device with these limits. `software`: a CPU renderer, where workgroup memory and barriers
 * are slow.
 */
export function webGpuTarget(limits: GPUSupportedLimits, software: boolean): Target {
  return {
    name: "webgpu",
    lanes: 4,
    maxBindings: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    workgroupSize: 64,
    // SwiftShader, 2026-11-22: a barrier costs microseconds there, so longer rows are walked by one invocation.
    narrowRow: software ? 256 : 32,
    gemmTile: software ? registerTile : sharedTile,
  };
}

/** Invocations per workgroup of a contraction. */
const tileThreads = 64;

/** Few outputs: one row of four each occupies the most threads. */
function rowTile(m: number, n: number): GemmTile {
  return { threads: tileShape(m, n, [1, 4], 1), perThread: [1, 4], shared: false, depth: 4 };
}

/** Without workgroup memory; 8x8 outputs per thread were the fastest on SwiftShader (6.5 GFLOP/s at 512, 0.4 for one). */
function registerTile(m: number, n: number): GemmTile {
  if (m < 4) return rowTile(m, n);
  const perThread = Math.min(m, n) >= 64 ? ([8, 8] as const) : ([4, 4] as const);
  return { threads: tileShape(m, n, perThread, 1), perThread, shared: false, depth: 4 };
}

/**
 * 4x4 outputs per thread held 44 % of the best or more on GPUs of four vendors (llama.cpp). 8x8 pays once 64x64
 * tiles fill a GPU. Both tiles of depth 16 stay within the 16 KiB that every device has.
 */
function sharedTile(m: number, n: number): GemmTile {
  const outputs = m * n;
  if (m < 4 || outputs < 64 * 64) return rowTile(m, n);
  const large = Math.min(m, n) >= 64 && outputs >= 64 * 64 * 64;
  const perThread = large ? ([8, 8] as const) : ([4, 4] as const);
  return { threads: tileShape(m, n, perThread, 2), perThread, shared: true, depth: 16 };
}

/**
 * Threads [along n, along m]: 8x8, or longer on one side where the other side of the output is short, but no
 * shorter than `least` (a long side of 64 would overflow workgroup memory).
 */
function tileShape(
  m: number,
  n: number,
  [rows, columns]: readonly [number, number],
  least: number,
): [number, number] {
  const needed = (extent: number, each: number): number =>
    2 ** Math.ceil(Math.log2(Math.ceil(extent / each)));
  const along = (extent: number, each: number): number => Math.max(least, Math.min(8, needed(extent, each)));
  const down = along(m, rows);
  const across = down < 8 ? tileThreads / down : along(n, columns);
  return [across, tileThreads / across];
}

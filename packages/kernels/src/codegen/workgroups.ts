/** @file Workgroup sizes and counts of kernels. */
import type { GemmKernel, Kernel, LoopKernel } from "../ir/kernel.ts";

/** Invocations per workgroup: the largest of the parts for kernels side by side. */
export function workgroupSize(kernel: Kernel): number {
  if (kernel.form === "loop") return kernel.workgroupSize;
  if (kernel.form === "gemm") return kernel.tile.threads[0] * kernel.tile.threads[1];
  return Math.max(...kernel.parts.map(workgroupSize));
}

function loopGroups(kernel: LoopKernel, params: Uint32Array, base: number, size: number): number {
  let rows = 1;
  for (let axis = 0; axis < kernel.rows; axis++) {
    const extent = params[base + axis]!;
    rows *= kernel.lanes === 4 && axis === kernel.laneAxis ? Math.ceil(extent / 4) : extent;
  }
  return kernel.schedule === "workgroup" ? rows : Math.ceil(rows / size);
}

function gemmGroups({ tile }: GemmKernel, params: Uint32Array, base: number): number {
  const [batch, m, n] = [params[base]!, params[base + 1]!, params[base + 2]!];
  const across = Math.ceil(n / (tile.threads[0] * tile.perThread[1]));
  return batch * Math.ceil(m / (tile.threads[1] * tile.perThread[0])) * across;
}

/** Workgroups of each part of a side kernel; the compiler writes them into the params after the last part's words. */
export function workgroupCounts(kernel: Kernel, params: Uint32Array): number[] {
  const size = workgroupSize(kernel);
  if (kernel.form !== "side") {
    return [kernel.form === "loop" ? loopGroups(kernel, params, 0, size) : gemmGroups(kernel, params, 0)];
  }
  return kernel.parts.map((part, i) => {
    const base = kernel.paramBase[i]!;
    return part.form === "loop" ? loopGroups(part, params, base, size) : gemmGroups(part, params, base);
  });
}

/** Workgroups of a whole dispatch, before folding into x and y. `params` are the words of the call. */
export function workgroupCount(kernel: Kernel, params: Uint32Array): number {
  return workgroupCounts(kernel, params).reduce((sum, count) => sum + count, 0);
}

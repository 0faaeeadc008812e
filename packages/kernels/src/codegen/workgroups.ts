/** @file Workgroup sizes and counts of kernels. */
import type { GemmKernel, Kernel, LoopKernel, SideKernel } from "../ir/kernel.ts";

/** Invocations per workgroup: the largest of the parts for kernels side by side. */
export function workgroupSize(kernel: Kernel): number {
  if (kernel.form === "loop" || kernel.form === "template") return kernel.workgroupSize;
  if (kernel.form === "gemm") return kernel.tile.threads[0] * kernel.tile.threads[1];
  return Math.max(...sizingParts(kernel.parts).map(workgroupSize));
}

/** Loops without barriers run in workgroups of any size: beside products in quads in those few, since invocations that idle cost time. */
function sizingParts(parts: SideKernel["parts"]): SideKernel["parts"] {
  if (!parts.some((part) => part.form === "gemm" && part.tile.quads)) return parts;
  return parts.filter((part) => part.form === "gemm" || hasBarriers(part));
}

/** Kernels with barriers run in workgroups of exactly their own size. */
export function hasBarriers(kernel: SideKernel["parts"][number]): boolean {
  if (kernel.form === "gemm") return kernel.tile.shared;
  return kernel.form === "template" || kernel.schedule === "workgroup";
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
  if (kernel.form !== "side") return [partGroups(kernel, params, 0, size, null)];
  const first = kernel.numParams - kernel.parts.length;
  return kernel.parts.map((part, i) => partGroups(part, params, kernel.paramBase[i]!, size, first + i));
}

/** `word` holds the workgroups of a part that lies beside others. */
function partGroups(
  kernel: SideKernel["parts"][number],
  params: Uint32Array,
  base: number,
  size: number,
  word: number | null,
): number {
  if (kernel.form === "loop") return loopGroups(kernel, params, base, size);
  if (kernel.form === "gemm") return gemmGroups(kernel, params, base);
  if (word !== null) return params[word]!;
  throw new Error(
    `workgroupCount: the workgroups of a template are not a function of its params.\n  Received: ${kernel.label}.\n` +
      "  Expected: a loop, a gemm or kernels side by side.\n  Fix: take them from the call.",
  );
}

/** Workgroups of a whole dispatch, before folding into x and y. `params` are the words of the call. */
export function workgroupCount(kernel: Kernel, params: Uint32Array): number {
  return workgroupCounts(kernel, params).reduce((sum, count) => sum + count, 0);
}

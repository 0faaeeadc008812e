/** @file Code generation: kernels to WGSL and their workgroup counts. */
export { emitWgsl } from "./module.ts";
export { hasWgsl } from "./template.ts";
export { hasBarriers, workgroupCount, workgroupCounts, workgroupSize } from "./workgroups.ts";

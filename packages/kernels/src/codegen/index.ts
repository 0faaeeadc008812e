/** @file Code generation: kernels to WGSL and their workgroup counts. */
export { emitWgsl } from "./module.ts";
export { workgroupCount, workgroupCounts, workgroupSize } from "./workgroups.ts";

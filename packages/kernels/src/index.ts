/**
 * Kernels: runs Plans (ordered kernel calls over numbered buffers) on WebGPU or on the CPU.
 *
 * @example
 * const { device } = await openDevice({ backend: "auto" });
 * const program = device.build(plan);
 * device.run(program, externals, results, scalars);
 * const bytes = await device.read(results[0], 0, 16);
 */
export {
  emitWgsl,
  hasBarriers,
  hasWgsl,
  workgroupCount,
  workgroupCounts,
  workgroupSize,
} from "./codegen/index.ts";
export { DeviceError, formatBytes, MemoryError } from "./device/errors.ts";
export {
  type OpenDeviceOptions,
  type OpenedDevice,
  type OpenWebGpuOptions,
  openDevice,
  openWebGpu,
} from "./device/open.ts";
export { paddedBytes, roundUp } from "./device/sizeClass.ts";
export type * from "./ir/device.ts";
export type * from "./ir/kernel.ts";
export type * from "./ir/plan.ts";
export * from "./ir/scalarOps.ts";
export { planCalls } from "./ir/steps.ts";
export { type PlanLimits, verifyPlan } from "./program/verify.ts";
export { cumulativeOperations, indexKeys, mergeWays, type OrderDtype } from "./templates/codes.ts";
export * from "./tuning/index.ts";

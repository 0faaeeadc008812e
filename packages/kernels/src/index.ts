/**
 * Kernels: runs Plans (ordered kernel calls over numbered buffers) on WebGPU or on the CPU.
 *
 * @example
 * const { device } = await openDevice({ backend: "auto" });
 * const program = device.build(plan);
 * device.run(program, externals, results, scalars);
 * const bytes = await device.read(results[0], 0, 16);
 */
export { emitWgsl, workgroupCount, workgroupCounts, workgroupSize } from "./codegen/index.ts";
export { DeviceError, formatBytes } from "./device/errors.ts";
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
export {
  type AttentionExtents,
  attentionBackwardTemplate,
  attentionForwardTemplate,
  attentionLaunch,
} from "./templates/attention.ts";
export { cumulativeOperations, cumulativeTemplate } from "./templates/cumulative.ts";
export {
  lstmSlopesLaunch,
  lstmSlopesTemplate,
  lstmStepLaunch,
  lstmStepTemplate,
} from "./templates/lstmStep.ts";
export {
  indexKeys,
  mergeWays,
  type OrderDtype,
  orderBlocksTemplate,
  orderInverseTemplate,
  orderMergeTemplate,
  orderRankTemplate,
} from "./templates/order.ts";
export {
  gruBackwardTemplate,
  gruForwardTemplate,
  lstmBackwardTemplate,
  lstmForwardTemplate,
  recurrentLaunch,
  simpleBackwardTemplate,
  simpleForwardTemplate,
} from "./templates/recurrent.ts";
export { segmentTemplate } from "./templates/segment.ts";

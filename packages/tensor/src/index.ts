/**
 * Tensors, variables, gradients and compiled functions.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * const y = x.matmul(ones([2, 1])).add(1).relu();
 */

export { DeviceError, formatBytes, MemoryError } from "@tenrec/kernels";
export { checkpoint } from "./autodiff/checkpoint.ts";
export {
  customGradient,
  grad,
  hessian,
  jacobian,
  jvp,
  stopGradient,
  valueAndGrad,
  vjp,
} from "./autodiff/functional.ts";
export { GradientTape, type GradientTapeOptions, gradients, type Source } from "./autodiff/tape.ts";
export { deviceFailure, memory } from "./deviceState.ts";
export { type Explainable, explain } from "./explain.ts";
export * from "./graph/errors.ts";
export type { Dtype } from "./graph/node.ts";
export type { Shape } from "./graph/shape.ts";
export { handleFree, type JitOptions, type Jitted, jit } from "./jit.ts";
export { joinRows } from "./joinRows.ts";
export * as ops from "./ops/index.ts";
export { allowHalves } from "./primitives/half.ts";
export * as random from "./random/index.ts";
export { setMemoryLimit } from "./runtime/budget.ts";
export type { HostData } from "./runtime/memory.ts";
export { type InitOptions, type InitResult, init, reset } from "./runtime/runtime.ts";
export { noteMaker } from "./runtime/scope.ts";
export { keep, tidy } from "./scopes.ts";
export {
  type HostArray,
  type NestedNumbers,
  type ReduceOptions,
  Tensor,
  type TensorLike,
  tensor,
} from "./tensor.ts";
export {
  checkMemory,
  pickRows,
  placeState,
  placeTogether,
  readAll,
  throttle,
  together,
} from "./transfer.ts";
export {
  clearTuning,
  loadTuning,
  saveTuning,
  type TunedChoice,
  type TuneOptions,
  type TuningReport,
  tune,
} from "./tuning/tune.ts";
export { autocastVariables, requireVariables, Variable, type VariableOptions } from "./variable.ts";
export { type InAxes, type VmapOptions, vmap } from "./vmap.ts";

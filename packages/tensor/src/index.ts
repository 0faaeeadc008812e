/**
 * Tensors, variables, gradients and compiled functions.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * const y = x.matmul(ones([2, 1])).add(1).relu();
 */
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
export { type Explainable, explain } from "./explain.ts";
export * from "./graph/errors.ts";
export type { Dtype } from "./graph/node.ts";
export type { Shape } from "./graph/shape.ts";
export { handleFree, type JitOptions, type Jitted, jit } from "./jit.ts";
export * as ops from "./ops/index.ts";
export * as random from "./random/index.ts";
export { placeState, placeTogether } from "./runtime/arena.ts";
export type { HostData } from "./runtime/memory.ts";
export { type InitOptions, type InitResult, init, reset } from "./runtime/runtime.ts";
export {
  type HostArray,
  type NestedNumbers,
  type ReduceOptions,
  Tensor,
  type TensorLike,
  tensor,
} from "./tensor.ts";
export { joinRows, memory, pickRows, readAll, throttle } from "./transfer.ts";
export { requireVariables, Variable, type VariableOptions } from "./variable.ts";

/** @file Every public operation, under Keras 3's names in camelCase. */
export { customGradient, stopGradient } from "../autodiff/functional.ts";
export type { Axis } from "./arguments.ts";
export * from "./attention.ts";
export * from "./control.ts";
export * from "./creation.ts";
export * from "./einsum.ts";
export * from "./indexing.ts";
export * from "./linalg.ts";
export * from "./logic.ts";
export * from "./math.ts";
export * from "./nn.ts";
export * from "./normalize.ts";
export * from "./reduce.ts";
export * from "./shape.ts";

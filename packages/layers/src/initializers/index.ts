/** @file All initializers, and their names. */
export * from "./get.ts";
export { Constant, Identity, Initializer, Ones, Zeros } from "./initializer.ts";
export { Orthogonal, type OrthogonalOptions } from "./orthogonal.ts";
export * from "./random.ts";

/** @file Data sets: real ones that ship, MNIST from the user's source, and generators. */
export { type DigitsOptions, digits } from "./digits.ts";
export { DataError, type DataErrorParts } from "./errors.ts";
export {
  type BlobsOptions,
  blobs,
  type CirclesOptions,
  type ClassesOptions,
  circles,
  gaussians,
  type LinearOptions,
  linear,
  moons,
  type PointsOptions,
  type SpiralOptions,
  spiral,
  xor,
} from "./generators.ts";
export { type IrisOptions, iris } from "./iris.ts";
export { type MnistData, type MnistOptions, type MnistSource, mnist } from "./mnist.ts";
export type { HostArray, LabelledArrays, SplitData, SplitOptions } from "./types.ts";

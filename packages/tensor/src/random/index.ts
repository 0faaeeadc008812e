/** @file Random numbers: Keras 3's names, JAX's numbers (Threefry 2x32-20). */
export {
  type DrawOptions,
  gumbel,
  type MultivariateNormalOptions,
  multivariateNormal,
  type NormalOptions,
  normal,
  truncatedNormal,
  type UniformOptions,
  uniform,
} from "./continuous.ts";
export {
  categorical,
  type DropoutOptions,
  dropout,
  type IntegerDrawOptions,
  randint,
} from "./discrete.ts";
export { hostNormal } from "./hostNormal.ts";
export { hostPermutation } from "./hostOrder.ts";
export { permutation, type ShuffleOptions, shuffle } from "./order.ts";
export { makeDefaultSeed, type Seed, SeedGenerator, setRandomSeed } from "./seed.ts";

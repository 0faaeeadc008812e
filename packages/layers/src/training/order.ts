/** @file The order in which samples are visited. */
import { random } from "@tenrec/tensor";

/** 0, 1, 2, ... */
export function inOrder(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** A new order, repeatable after `setRandomSeed`. */
export function shuffled(count: number): Int32Array {
  return random.hostPermutation(random.makeDefaultSeed(), count);
}

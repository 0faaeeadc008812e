/** @file The order in which samples are visited. */
import { random } from "@tenrec/tensor";

/** `count` rows from `first` on. */
export function inOrder(count: number, first = 0): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => first + i);
}

/** A new order, repeatable after `setRandomSeed`. */
export function shuffled(count: number): Int32Array {
  return random.hostPermutation(random.makeDefaultSeed(), count);
}

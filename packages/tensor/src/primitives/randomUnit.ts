/** @file Random bits as numbers from 0 to 1. */
import type { Dtype, Node } from "../graph/node.ts";
import { sub } from "./arithmetic.ts";
import { bitcast, or, shiftRight } from "./logic.ts";
import { fill } from "./source.ts";

const structure = (value: number, dtype: Dtype): Node => fill(value, [], dtype, true);

/** Uniform in [0, 1) in steps of 2^-23: the upper 23 bits as the fraction of a float in [1, 2), less 1. Exact. */
export function unitOfBits(bits: Node): Node {
  const fraction = shiftRight(bits, structure(9, "uint32"));
  return sub(bitcast(or(fraction, structure(0x3f800000, "uint32")), "float32"), structure(1, "float32"));
}

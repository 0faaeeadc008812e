/** @file float16 in vectors: words of 16 bits in memory, float32 in registers. Conversions take neither tables nor branches. */
import type { Value } from "./assembler.ts";
import {
  abs,
  add,
  addWords,
  andWords,
  type Formula,
  instruction,
  mul,
  ne,
  shiftLeft,
  shiftRightUnsigned,
  signOf,
  sub,
  subWords,
  words,
} from "./math/expression.ts";

const orWords = instruction("v128.or", words);
const atMostWords = instruction("i32x4.min_s", words);
const atLeastWords = instruction("i32x4.max_s", words);
const below = instruction("i32x4.lt_s", words);
const above = instruction("i32x4.gt_s", words);

/** Bits of float32: the exponent, and what it counts by. */
const exponentMask = 0x7f800000;
const unit = 1 << 23;
/** Bits of float16. */
const signBit = 0x8000;
const halfUnit = 1 << 10;
const quietBit = 1 << 9;
/** What exponents of float32 are larger by. */
const biasDifference = 127 - 15;

/** 2^-14: below it float16 has steps of 2^-24. */
const smallestNormal = (biasDifference + 1) * unit;
/** 2^16, which float16 has no more. */
const firstBeyond = (biasDifference + 31) * unit;

/** The floats of words, each in a lane of 32 bits with its sign extended. */
export const widenHalves: Formula = (f, halves) => {
  const word = f.let(halves);
  const size = f.let(andWords(shiftLeft(word, 13), 32 * unit - 1));
  // Below the smallest normal number the leading one is too much. Numbers that are no normal float32 are not met on the way: they would
  // take a processor twenty times as long.
  const small = f.let(below(size, unit));
  const normal = addWords(addWords(size, biasDifference * unit), andWords(small, unit));
  const finite = sub(normal, andWords(small, smallestNormal));
  const special = andWords(above(size, 31 * unit - 1), exponentMask);
  return orWords(orWords(finite, special), signOf(word));
};

/** The exponents of float32, as bits; of those below float16's smallest normal number that one's. */
function exponentOf(x: Value): Value {
  return atLeastWords(andWords(x, exponentMask), smallestNormal);
}

/** 2^13 times a power of two, as bits: a float32 of that order has the steps that float16 has near the power, so that adding it rounds. */
const steps = 13 * unit;

/** The float16 nearest to each float, as a float; ties to even. */
export const roundToHalf: Formula = (f, x) => {
  // One and a half, so that a sum with a negative number is of the same order.
  const order = f.let(addWords(atMostWords(exponentOf(x), firstBeyond), steps + unit / 2));
  const rounded = sub(add(x, order), order);
  // To infinity and back, or not quite.
  const bounded = mul(mul(rounded, 2 ** 112), 2 ** -112);
  return orWords(bounded, signOf(x));
};

/** The words of the float16 nearest to each float, in lanes of 32 bits without a sign extended; ties to even. A NaN has no payload. */
export const narrowToHalves: Formula = (f, x) => {
  const size = f.let(atMostWords(abs(x), firstBeyond));
  const order = f.let(addWords(exponentOf(size), steps));
  // What the sum has more are steps of float16: with the leading one, which counts as an exponent more.
  const mantissa = subWords(add(size, order), order);
  const exponent = subWords(shiftRightUnsigned(order, 13), (biasDifference + 14) * halfUnit);
  const nan = andWords(ne(x, x), quietBit);
  const sign = andWords(shiftRightUnsigned(x, 16), signBit);
  return orWords(orWords(addWords(mantissa, exponent), nan), sign);
};

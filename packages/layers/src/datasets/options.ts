/** @file Checks of data set options, each with an error that names the option. */
import { DataError } from "./errors.ts";

/** Throws unless `value` is an integer of at least `least`. */
export function checkCount(where: string, name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new DataError(where, `${name} is not a usable count.`, {
    received: `${name} = ${value}`,
    expected: `an integer of at least ${least}.`,
    fix: `pass ${name} as a whole number, for example ${Math.max(least, 2)}.`,
  });
}

/** Throws unless `value` is a finite number in [least, below). */
export function checkRange(
  where: string,
  name: string,
  value: number,
  least: number,
  below = Infinity,
): void {
  if (Number.isFinite(value) && value >= least && value < below) return;
  throw new DataError(where, `${name} is out of range.`, {
    received: `${name} = ${value}`,
    expected: below === Infinity ? `a finite number >= ${least}.` : `a number in [${least}, ${below}).`,
    fix: `change ${name}, or leave it out for its default.`,
  });
}

/** Throws unless `seed` is an integer that 32 bits hold, signed or unsigned. */
export function checkSeed(where: string, seed: number): void {
  if (Number.isInteger(seed) && seed >= -(2 ** 31) && seed < 2 ** 32) return;
  throw new DataError(where, "seed is not a 32-bit integer.", {
    received: `seed = ${seed}`,
    expected: "an integer from -2147483648 to 4294967295.",
    fix: "pass a whole number such as 0 or 42.",
  });
}

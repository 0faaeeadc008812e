/** @file sin, cos and tan: the rest of a division by pi in float64, and a polynomial. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import * as double from "./double.ts";
import {
  abs,
  clamp,
  div,
  type Formula,
  lt,
  oddPolynomial,
  select,
  shiftLeft,
  shiftRight,
  xor,
} from "./expression.ts";
import { guarded } from "./forms.ts";

/** Up to this |x| the multiples of pi are exact: JavaScript's functions take what is beyond. */
const bound = 2 ** 24;

/** pi as a number of 30 bits, whose product with 23 more is exact, and the rest. */
const piHigh = 3.141592651605606;
const piLow = 1.984187159361081e-9;

/** (sin(r) / r - 1) / r^2 over |r| <= pi / 2, to 6.2e-9 of sin. */
const sinTail = [-0.1666666, 0.008333069, -0.00019809778, 2.6061032e-6];

/** (tan(r) / r - 1) / r^2 over |r| <= pi / 4, to 1.3e-9 of tan. */
const tanTail = [0.3333335, 0.13332675, 0.054058902, 0.021286335, 0.010826939, 9.909636e-5, 0.0043721814];

/** x = (turns - shift) period + rest with an integer `turns`, where period is pi times `fraction`, a power of 2. */
function reduce(f: FunctionBuilder, x: Value, fraction: number, shift: number) {
  const [low, high] = double.onHalves(f, [x], (wide) => {
    const quotient = double.add(double.mul(wide!, 1 / (Math.PI * fraction)), shift);
    const { bits, value } = double.round(f, quotient);
    const turns = f.let(double.sub(value, shift));
    const rough = double.sub(wide!, double.mul(turns, piHigh * fraction));
    return { bits, rest: double.sub(rough, double.mul(turns, piLow * fraction)) };
  });
  return { turns: double.lowWords(low.bits, high.bits), rest: f.let(double.narrow(low.rest, high.rest)) };
}

/** sin(x + shift pi): every odd turn changes the sign. */
function shiftedSin(shift: number): Formula {
  return (f, x) => {
    const { turns, rest } = reduce(f, x, 1, shift);
    // Rounding may lead one step beyond 1, where users' square roots and inverses are undefined.
    return xor(clamp(oddPolynomial(f, rest, sinTail), -1, 1), shiftLeft(turns, 31));
  };
}

const quarterTurnTan: Formula = (f, x) => {
  const { turns, rest } = reduce(f, x, 0.5, 0);
  const tan = f.let(oddPolynomial(f, rest, tanTail));
  return select(shiftRight(shiftLeft(turns, 31), 31), div(-1, tan), tan);
};

const isBounded: Formula = (_, x) => lt(abs(x), bound);

export const sin = guarded("sin", isBounded, shiftedSin(0));
export const cos = guarded("cos", isBounded, shiftedSin(0.5));
export const tan = guarded("tan", isBounded, quarterTurnTan);

/** @file The error function. */
import { expOfNegative } from "./exponential.ts";
import { abs, clamp, type Formula, fma, lt, mul, polynomial, select, sub, withSign } from "./expression.ts";

/** erf(x) / x - 1 over x^2 <= 0.64, to 3.5e-9 of erf. */
const near = [0.12837917, -0.37612608, 0.11283162, -0.026822243, 0.0050868653, -0.00065422413];

/** log(1 - erf(x)) over x within [0.8, 4], to 2.6e-9 of erf. */
const far = [-5.6841665e-5, -1.1282713, -0.63614225, -0.1048761, 0.022697112, -0.0031647782, 0.00020868148];

export const erf: Formula = (f, x) => {
  const size = f.let(clamp(abs(x), 0, 4));
  const logRest = f.let(polynomial(size, far));
  const whole = sub(1, expOfNegative(f, logRest));
  return select(lt(size, 0.8), fma(x, polynomial(f.let(mul(x, x)), near), x), withSign(whole, x));
};

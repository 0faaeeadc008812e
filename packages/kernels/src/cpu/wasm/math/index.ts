/** @file Functions of floats that modules compute on four lanes, without leaving WebAssembly. */
import type { ScalarOpName } from "../../../ir/scalarOps.ts";
import type { Lowering } from "../scalar.ts";
import { erf } from "./errorFunction.ts";
import { exp, expm1, sigmoid, tanh } from "./exponential.ts";
import type { Formula } from "./expression.ts";
import { inline, shared } from "./forms.ts";
import { acosh, asinh, atanh, cosh, sinh } from "./hyperbolic.ts";
import { acos, asin, atan, atan2 } from "./inverse.ts";
import { log, log1p, softplus } from "./logarithm.ts";
import { mod, pow } from "./power.ts";
import { cos, sin, tan } from "./trigonometric.ts";

/** Frequent ones stand in the kernels, which saves up to half of their time; the others are functions of the module. */
const inlined: Partial<Record<ScalarOpName, Formula>> = { exp, expm1, log, softplus, erf, sigmoid, tanh };

const called: Partial<Record<ScalarOpName, Formula>> = {
  ...{ log1p, pow, mod },
  ...{ sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, asinh, acosh, atanh },
};

export const mathOps: Partial<Record<string, Lowering>> = Object.fromEntries([
  ...Object.entries(inlined).map(([name, formula]) => [name, inline(formula)]),
  ...Object.entries(called).map(([name, formula]) => [name, shared(name, formula)]),
]);

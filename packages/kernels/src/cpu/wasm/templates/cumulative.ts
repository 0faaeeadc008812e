/** @file Running sums, products and extremes along rows: sums and products of floats in float64. */
import { addScaled, int, mul, sub } from "../integers.ts";
import type { EmitTemplate } from "../template.ts";
import { apply, doubleStepOf, loadWord, startOf, stepOf, storeWord } from "./combine.ts";

export const emitCumulative =
  (integer: boolean): EmitTemplate =>
  ({ f, inputs, outputs, constants, params }) => {
    const [[x], [y]] = [inputs, outputs] as const;
    const [rows = 0, length = 0] = params;
    const operation = Number(constants.OPERATION);
    const double = doubleStepOf(operation, integer);
    const step = double ?? stepOf(operation, integer);
    const [row, k, total] = [f.local("i32"), f.local("i32"), f.local("v128")];
    const start = startOf(operation, integer);
    f.loop(row, int(0), int(rows * length), length, () => {
      f.set(total, double ? apply("f64x2.promote_low_f32x4", start) : start);
      f.loop(k, int(0), int(length), 1, () => {
        const place = constants.REVERSE ? sub(int(length - 1), k.get) : k.get;
        const offset = f.keep("i32", mul(addScaled(row.get, place, 1), int(4))).get;
        const store = (): void => {
          const value = double ? apply("f32x4.demote_f64x2_zero", total.get) : total.get;
          storeWord(f, addScaled(y!, offset, 1), value);
        };
        const word = f.let(loadWord(addScaled(x!, offset, 1)));
        if (constants.EXCLUSIVE) store();
        f.set(total, apply(step, total.get, double ? apply("f64x2.promote_low_f32x4", word) : word));
        if (!constants.EXCLUSIVE) store();
      });
    });
  };

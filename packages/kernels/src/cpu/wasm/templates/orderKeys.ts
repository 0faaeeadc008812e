/** @file Words whose unsigned order is that of numbers: of floats NaN comes last and both zeros are equal. */

import { indexKeys, type OrderDtype } from "../../../templates/codes.ts";
import type { FunctionBuilder, Value } from "../assembler.ts";
import { add, int } from "../integers.ts";
import { addWords, eq, ne, or, select, shiftRight, words, xor } from "../math/expression.ts";
import type { TemplateCall } from "../template.ts";
import { apply } from "./combine.ts";
import { loadHalf, storeHalf } from "./panels.ts";

const signBit = words(-(2 ** 31));

/** Computes the keys of all elements of the first input; returns where they are. */
export function emitKeys(
  { f, inputs, inputSizes, constants, params, scratch }: TemplateCall,
  dtype: OrderDtype,
): Value {
  const [size = 0] = inputSizes;
  const keys = scratch(size);
  const [, , , extent = 0] = params;
  const offset = f.local("i32");
  f.loop(offset, int(0), int(size * 4), 16, () => {
    const x = f.let(loadHalf(add(inputs[0]!, offset.get), 0));
    const image =
      dtype === "float32"
        ? floatImage(x)
        : dtype === "int32"
          ? xor(indexOf(f, x, extent, Number(constants.INDICES)), signBit)
          : x;
    storeHalf(f, add(keys, offset.get), 0, constants.DESCENDING ? xor(image, words(-1)) : image);
  });
  return keys;
}

function floatImage(x: Value): Value {
  const image = xor(x, or(shiftRight(x, 31), signBit));
  return or(ne(x, x), select(eq(x, 0), signBit, image));
}

/** Positions of indices, if that is what the numbers are. */
function indexOf(f: FunctionBuilder, x: Value, extent: number, indices: number): Value {
  const isNegative = shiftRight(x, 31);
  if (indices === indexKeys.clamp) {
    const position = select(isNegative, addWords(x, words(extent)), x);
    return apply("i32x4.min_s", apply("i32x4.max_s", position, words(0)), words(extent - 1));
  }
  if (indices === indexKeys.none) return x;
  const isOut = f.let(or(isNegative, apply("i32x4.ge_s", x, words(extent))));
  return select(isOut, words(extent), x);
}

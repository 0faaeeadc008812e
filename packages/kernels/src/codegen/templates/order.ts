/** @file The texts of orders: the files of shaders/ are for float32, other keys replace its key. */
import { orderBlocks, orderInverse, orderMerge, orderRank } from "../../shaders.ts";
import type { OrderDtype } from "../../templates/codes.ts";
import type { TemplateTexts } from "./index.ts";

/** The image of whole numbers: those that are indices of param(3) elements first become positions. */
const integerKey = `fn key(i: i32) -> u32 {
  var value = load_x(i);
  if (INDICES == 1) {
    value = clamp(select(value, value + param(3), value < 0), 0, param(3) - 1);
  } else if (INDICES == 2 && (value < 0 || value >= param(3))) {
    value = param(3);
  }
  let image = bitcast<u32>(value) ^ 0x80000000u;
  return select(image, ~image, DESCENDING);
}`;

/** Indices are int32, so uint32 has numbers only. */
const unsignedKey = `fn key(i: i32) -> u32 {
  let image = load_x(i);
  return select(image, ~image, DESCENDING);
}`;

function textFor(wgsl: string, dtype: OrderDtype): string {
  if (dtype === "float32") return wgsl;
  return wgsl
    .replace(/fn key\(i: i32\) -> u32 \{[^]*?\n\}/, dtype === "int32" ? integerKey : unsignedKey)
    .replace("fn load_x(i: i32) -> f32", `fn load_x(i: i32) -> ${dtype === "int32" ? "i32" : "u32"}`);
}

const textsFor = (dtype: OrderDtype): TemplateTexts => ({
  [`orderRank_${dtype}`]: () => textFor(orderRank, dtype),
  [`orderBlocks_${dtype}`]: () => textFor(orderBlocks, dtype),
  [`orderMerge_${dtype}`]: () => textFor(orderMerge, dtype),
});

export const orderTexts: TemplateTexts = {
  orderInverse: () => orderInverse,
  ...textsFor("float32"),
  ...textsFor("int32"),
  ...textsFor("uint32"),
};

/** @file Tracking: variables and layers are found in an object's fields, in arrays and in plain records, however deep. */
import { Variable } from "@tenrec/tensor";
import type { Layer } from "./layer.ts";

const isLayer = (value: object): value is Layer => "flattenLayers" in value;

function* fieldsOf(owner: object): Generator<object> {
  const seen = new Set<unknown>([owner]);
  const stack: unknown[] = Object.values(owner).reverse();
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Variable || isLayer(value)) yield value;
    else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
      stack.push(...Object.values(value).reverse());
    }
  }
}

export function collectLayers(owner: object): Layer[] {
  return [...fieldsOf(owner)].filter(isLayer);
}

export function collectVariables(owner: object): Variable[] {
  return [...fieldsOf(owner)].filter((value) => value instanceof Variable);
}

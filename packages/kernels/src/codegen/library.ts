/** @file Functions of shaders/lib: found by name in generated code and spliced in with what they call. */
import { exponential, numbers, threefry, trigonometric } from "../shaders.ts";

const families: readonly string[] = [numbers, exponential, trigonometric, threefry];

/** Top-level functions and structs of a WGSL file: each begins at column 0 and ends with the next `}` there. */
function items(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [item, , name] of text.matchAll(/^(fn|struct) (\w+)[^]*?^}$/gm)) found.set(name!, item);
  return found;
}

/**
 * The four-lane form: types become vectors and names get the suffix x4. It relies on the writing rules of shaders/lib (no branches,
 * literals wrapped in their type).
 */
function fourLanes(item: string): string {
  return item.replace(/\b(f32|i32|u32|bool)\b/g, "vec4<$1>").replace(/\b(\w+_(?:f32|i32|u32))\b/g, "$1x4");
}

/** Built at the first use: importing this module does no work. */
let index: Map<string, string> | undefined;

function libraryIndex(): Map<string, string> {
  if (index) return index;
  index = new Map();
  for (const [name, item] of families.flatMap((text) => [...items(text)])) {
    index.set(name, item);
    index.set(`${name}x4`, fourLanes(item));
  }
  return index;
}

/** Where the device has f16, its conversions round. */
const nativeItems: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ["half_f32", "fn half_f32(x: f32) -> f32 {\n  return f32(f16(x));\n}"],
  ["half_f32x4", "fn half_f32x4(x: vec4<f32>) -> vec4<f32> {\n  return vec4<f32>(vec4<f16>(x));\n}"],
]);

function visit(code: string, used: Set<string>, hasHalves: boolean): void {
  for (const [name] of code.matchAll(/\b\w+_(?:f32|i32|u32)(?:x4)?\b/g)) {
    const item = itemOf(name, hasHalves);
    if (item === undefined || used.has(name)) continue;
    used.add(name);
    visit(item, used, hasHalves);
  }
}

function itemOf(name: string, hasHalves: boolean): string | undefined {
  return (hasHalves && nativeItems.get(name)) || libraryIndex().get(name);
}

/** The library functions that `code` needs, in the order of the library. `hasHalves`: the device has f16. */
export function libraryFor(code: string, hasHalves: boolean): string {
  const used = new Set<string>();
  visit(code, used, hasHalves);
  const names = [...libraryIndex().keys()].filter((name) => used.has(name));
  return names.map((name) => itemOf(name, hasHalves)).join("\n\n");
}

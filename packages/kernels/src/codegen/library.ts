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

function visit(code: string, used: Set<string>): void {
  for (const [name] of code.matchAll(/\b\w+_(?:f32|i32|u32)(?:x4)?\b/g)) {
    const item = libraryIndex().get(name);
    if (item === undefined || used.has(name)) continue;
    used.add(name);
    visit(item, used);
  }
}

/** The library functions that `code` needs, in the order of the library. */
export function libraryFor(code: string): string {
  const used = new Set<string>();
  visit(code, used);
  return [...libraryIndex()]
    .filter(([name]) => used.has(name))
    .map(([, item]) => item)
    .join("\n\n");
}

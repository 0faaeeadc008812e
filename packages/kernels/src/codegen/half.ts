/** @file Loads and stores of float16 bindings: arrays of f16 where the device has them, else halves of u32 words. Registers hold float32. */
import type { BoundArray, IndexText, StoredValue } from "./access.ts";

const components = ["x", "y", "z", "w"] as const;

/**
 * Halves of one word belong to different invocations: they are set by two atomic operations, whose outcome does not depend on their
 * order.
 */
const isAtomic = ({ binding }: BoundArray): boolean => !binding.vector && binding.access !== "read";

export function halfDeclaration(array: BoundArray, slot: number): string {
  const { name, native, binding } = array;
  const word = isAtomic(array) ? "atomic<u32>" : binding.vector ? "vec2<u32>" : "u32";
  const type = native ? (binding.vector ? "vec4<f16>" : "f16") : word;
  const mode = binding.access === "read" ? "read" : "read_write";
  return `@group(0) @binding(${slot}) var<storage, ${mode}> ${name}: array<${type}>;`;
}

/** The word in which half `index` lies. */
function wordAt(array: BoundArray, index: string): string {
  if (array.binding.vector) return `${array.name}[(${index}) >> 2u][((${index}) >> 1u) & 1]`;
  const word = `${array.name}[(${index}) >> 1u]`;
  return isAtomic(array) ? `atomicLoad(&${word})` : word;
}

function element(array: BoundArray, index: string): string {
  if (array.native)
    return array.binding.vector
      ? `f32(${array.name}[(${index}) >> 2u][(${index}) & 3])`
      : `f32(${array.name}[${index}])`;
  return `unpack2x16float(${wordAt(array, index)})[(${index}) & 1]`;
}

function fourFrom(array: BoundArray, index: string): string {
  const { name, native, binding } = array;
  if (!binding.vector) return four((lane) => element(array, lane === 0 ? index : `${index} + ${lane}`));
  const words = `${name}[${index} >> 2u]`;
  if (native) return `vec4<f32>(${words})`;
  return `vec4<f32>(unpack2x16float(${words}.x), unpack2x16float(${words}.y))`;
}

function four(lane: (lane: number) => string): string {
  return `vec4<f32>(${components.map((_, i) => lane(i)).join(", ")})`;
}

/** The float32 at `index`; four for a vector access or a vec4 of indices. */
export function loadHalf(array: BoundArray, index: IndexText, vector: boolean): string {
  if (vector) return fourFrom(array, index.text);
  if (index.lanes === 1) return element(array, index.text);
  return four((lane) => element(array, `${index.text}.${components[lane]}`));
}

function storeOne({ name, native }: BoundArray, index: string, value: string): string {
  if (native) return `${name}[${index}] = f16(half_f32(${value}));`;
  const word = `&${name}[(${index}) >> 1u]`;
  const shift = `(u32((${index}) & 1) * 16u)`;
  return `atomicAnd(${word}, 0xffff0000u >> ${shift}); atomicOr(${word}, half_word_f32(${value}) << ${shift});`;
}

function storeFour({ name, native }: BoundArray, index: string, value: string): string[] {
  const place = `${name}[${index} >> 2u]`;
  if (native) return [`${place} = vec4<f16>(half_f32x4(${value}));`];
  const pairs = "vec2<u32>(halves.x | (halves.y << 16u), halves.z | (halves.w << 16u))";
  return ["{", `  let halves = half_word_f32x4(${value});`, `  ${place} = ${pairs};`, "}"];
}

/** Statements that store float32 values as the nearest float16. */
export function storeHalf(
  array: BoundArray,
  index: IndexText,
  { text, lanes, mask }: StoredValue,
  vector: boolean,
): string[] {
  if (vector && array.binding.vector) return storeFour(array, index.text, text);
  if (!vector && index.lanes === 1 && lanes === 1) return [storeOne(array, index.text, text)];
  return components.map((component, lane) => {
    const at = vector
      ? `${index.text} + ${lane}`
      : index.lanes === 4
        ? `${index.text}.${component}`
        : index.text;
    const store = storeOne(array, at, lanes === 4 ? `${text}.${component}` : text);
    return mask ? `if (${mask}.${component}) { ${store} }` : store;
  });
}

/** @file Loads and stores of storage bindings. */
import type { Binding, Dtype } from "../ir/kernel.ts";
import { halfDeclaration, loadHalf, storeHalf } from "./half.ts";
import { convertBits, isPacked, type Lanes, type Scalar, scalarOf, storageOf } from "./types.ts";

const components = ["x", "y", "z", "w"] as const;

/** A binding as kernel code sees it. */
export interface BoundArray {
  readonly name: string;
  readonly binding: Binding;
  /** float16 lies in arrays of f16 (feature shader-f16); else two by two in words of u32. */
  readonly native?: boolean;
}

/** Text of an element index: at lane 0 for `vector` accesses, else one scalar or (`lanes` 4) a vec4 of indices. */
export interface IndexText {
  readonly text: string;
  readonly lanes: Lanes;
}

/** Packed bytes stay words also when accessed by vectors: four bytes are one word. */
function isVectorArray({ binding }: BoundArray): boolean {
  return binding.vector && !isPacked(binding.dtype) && binding.access !== "atomic";
}

function storage({ binding }: BoundArray): Scalar {
  return binding.access === "atomic" ? "u32" : storageOf(binding.dtype);
}

const isHalf = ({ binding }: BoundArray): boolean => binding.dtype === "float16";

export function bindingDeclaration(array: BoundArray, slot: number): string {
  if (isHalf(array)) return halfDeclaration(array, slot);
  const element = array.binding.access === "atomic" ? "atomic<u32>" : storage(array);
  const type = isVectorArray(array) ? `vec4<${element}>` : element;
  const mode = array.binding.access === "read" ? "read" : "read_write";
  return `@group(0) @binding(${slot}) var<storage, ${mode}> ${array.name}: array<${type}>;`;
}

function element(array: BoundArray, index: string): string {
  if (array.binding.access === "atomic") return `atomicLoad(&${array.name}[${index}])`;
  return isVectorArray(array) ? `${array.name}[${index} >> 2u][${index} & 3]` : `${array.name}[${index}]`;
}

/** Byte `index` of an array of words, sign-extended for int8. */
function packedElement(array: BoundArray, index: string, dtype: Dtype): string {
  const word = convertBits(element(array, `(${index} >> 2u)`), storage(array), "u32", 1);
  if (dtype === "uint8") return `(${word} >> (u32(${index} & 3) * 8u)) & 255u`;
  return `bitcast<i32>(${word} << (24u - u32(${index} & 3) * 8u)) >> 24u`;
}

function packedVector(array: BoundArray, index: string, dtype: Dtype): string {
  const word = convertBits(element(array, `(${index} >> 2u)`), storage(array), "u32", 1);
  if (dtype === "uint8") return `(vec4<u32>(${word}) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u)`;
  return `bitcast<vec4<i32>>(vec4<u32>(${word}) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u)`;
}

function scalarLoad(array: BoundArray, index: string, dtype: Dtype): string {
  const bytes = isPacked(dtype) ? dtype : array.binding.dtype;
  if (isPacked(bytes))
    return convertBits(packedElement(array, index, bytes), scalarOf(bytes), scalarOf(dtype), 1);
  return convertBits(element(array, index), storage(array), scalarOf(dtype), 1);
}

function vectorLoad(array: BoundArray, index: string, dtype: Dtype): string {
  const bytes = isPacked(dtype) ? dtype : array.binding.dtype;
  if (isPacked(bytes))
    return convertBits(packedVector(array, index, bytes), scalarOf(bytes), scalarOf(dtype), 4);
  if (isVectorArray(array)) {
    return convertBits(`${array.name}[${index} >> 2u]`, storage(array), scalarOf(dtype), 4);
  }
  const parts = components.map((_, lane) => element(array, lane === 0 ? index : `${index} + ${lane}`));
  return convertBits(`vec4<${storage(array)}>(${parts.join(", ")})`, storage(array), scalarOf(dtype), 4);
}

/** The value of dtype `dtype` at `index`; four values for a vector access or a vec4 of indices. */
export function loadText(array: BoundArray, index: IndexText, dtype: Dtype, vector: boolean): string {
  if (isHalf(array)) return loadHalf(array, index, vector);
  if (vector) return vectorLoad(array, index.text, dtype);
  if (index.lanes === 1) return scalarLoad(array, index.text, dtype);
  const parts = components.map((component) => scalarLoad(array, `${index.text}.${component}`, dtype));
  return `vec4<${scalarOf(dtype)}>(${parts.join(", ")})`;
}

function assignment(array: BoundArray, index: string, value: string): string {
  return array.binding.access === "atomic"
    ? `atomicStore(&${array.name}[${index}], ${value});`
    : `${element(array, index)} = ${value};`;
}

/** A value to store, with the name of the vec4<bool> of lanes that exist (absent: all do). */
export interface StoredValue {
  readonly text: string;
  readonly type: Scalar;
  readonly lanes: Lanes;
  readonly mask?: string | undefined;
}

function laneStores(array: BoundArray, index: IndexText, value: StoredValue, vector: boolean): string[] {
  return components.map((component, lane) => {
    const at = vector
      ? `${index.text} + ${lane}`
      : index.lanes === 4
        ? `${index.text}.${component}`
        : index.text;
    const text = value.lanes === 4 ? `${value.text}.${component}` : value.text;
    const store = assignment(array, at, convertBits(text, value.type, storage(array), 1));
    return value.mask ? `if (${value.mask}.${component}) { ${store} }` : store;
  });
}

/** Statements of a `set` store. */
export function storeText(
  array: BoundArray,
  index: IndexText,
  value: StoredValue,
  vector: boolean,
): string[] {
  if (isHalf(array)) return storeHalf(array, index, value, vector);
  if (vector && isVectorArray(array)) {
    const text = convertBits(value.text, value.type, storage(array), 4);
    return [`${array.name}[${index.text} >> 2u] = ${text};`];
  }
  if (vector || index.lanes === 4 || value.lanes === 4) return laneStores(array, index, value, vector);
  return [assignment(array, index.text, convertBits(value.text, value.type, storage(array), 1))];
}

/** Statements of an `or` store: the word is touched only when a bit is to be set, which is rare for flags. */
export function orText(array: BoundArray, index: IndexText, value: StoredValue): string[] {
  const words = convertBits(value.text, value.type, "u32", value.lanes);
  const kept = value.mask && value.lanes === 4 ? `select(vec4<u32>(), ${words}, ${value.mask})` : words;
  if (index.lanes === 4) {
    const store = ({ x }: { x: string }) => `atomicOr(&${array.name}[${index.text}.${x}], bits.${x});`;
    const splat = value.lanes === 4 ? kept : `vec4<u32>(${kept})`;
    return ["{", `  let bits = ${splat};`, ...components.map((x) => `  ${store({ x })}`), "}"];
  }
  const word = value.lanes === 4 ? "bits.x | bits.y | bits.z | bits.w" : "bits";
  const test = value.lanes === 4 ? "any(bits != vec4<u32>())" : "bits != 0u";
  return [
    `{`,
    `  let bits = ${kept};`,
    `  if (${test}) { atomicOr(&${array.name}[${index.text}], ${word}); }`,
    `}`,
  ];
}

/** @file What users pass as x and y, as resident tensors: typed arrays, nested arrays, records of host data, tensors, several of them. */
import {
  type HostArray,
  type HostData,
  handleFree,
  type InitResult,
  ops,
  readAll,
  ShapeError,
  Tensor,
  type TensorLike,
  tensor,
  ValueError,
} from "@tenrec/tensor";
import type { Values } from "../layer.ts";
import { leavesOf } from "../values.ts";

/** One input or output, or several as an array or record. */
export type Data =
  | TensorLike
  | HostArray
  | readonly (Tensor | HostData | HostArray)[]
  | { readonly [name: string]: TensorLike };

const isHostArray = (value: unknown): value is HostArray =>
  typeof value === "object" &&
  value !== null &&
  "data" in value &&
  "shape" in value &&
  !(value instanceof Tensor);

const isArrayLike = (value: unknown): boolean =>
  value instanceof Tensor || ArrayBuffer.isView(value) || isHostArray(value);

/**
 * Data as tensors, checked for numbers that are not finite where it still lies on the host.
 *
 * @param names - Of the model's inputs or outputs, where they are known: an array of as many nested arrays is one for each.
 */
export function toColumns(where: string, name: string, data: Data, names: readonly string[] = []): Values {
  const isEach = Array.isArray(data) && names.length > 1 && data.length === names.length;
  if (isEach || (Array.isArray(data) && data.length > 0 && data.every(isArrayLike))) {
    return (data as readonly TensorLike[]).map((one, i) => toColumn(where, `${name}[${i}]`, one));
  }
  if (isRecordOfData(data)) {
    const all = Object.entries(data as { readonly [name: string]: TensorLike });
    // As in Keras, a record may have more than the model asks for.
    const entries = names.length > 0 ? all.filter(([key]) => names.includes(key)) : all;
    if (entries.length === 0) throw noNames(where, name, Object.keys(data), names);
    return Object.fromEntries(entries.map(([key, one]) => [key, toColumn(where, `${name}.${key}`, one)]));
  }
  return toColumn(where, name, data as TensorLike);
}

function noNames(
  where: string,
  name: string,
  found: readonly string[],
  names: readonly string[],
): ValueError {
  return new ValueError(where, `${name} has none of the model's names.`, {
    received: `a record of ${found.join(", ") || "nothing"}.`,
    expected: names.length > 0 ? names.join(", ") : "one entry per name.",
    fix: "use the names given to Input and to the last layers.",
  });
}

function isRecordOfData(data: unknown): boolean {
  const isPlain =
    typeof data === "object" && data !== null && Object.getPrototypeOf(data) === Object.prototype;
  return isPlain && !isHostArray(data);
}

function toColumn(where: string, name: string, data: TensorLike): Tensor {
  if (data === undefined || data === null) throw missing(where, name);
  if (data instanceof Tensor) return data;
  const column = tensor(data);
  if (column.ndim === 0) throw missing(where, name);
  const numbers = hostNumbers(data);
  checkFinite(where, name, numbers, column.shape);
  seen.add(column);
  made.add(column);
  hosts.set(column, numbers);
  return column;
}

/** Tensors that were made here of a user's host data. */
const made = new WeakSet<Tensor>();

/**
 * Gives back what `toColumns` made. A loop that awaits nothing but steps on the cpu never leaves the garbage collector's finalizers a turn, so
 * batches from the host would pile up.
 */
export function releaseColumns(...columns: readonly (Values | null)[]): void {
  for (const column of columns.flatMap((values) => (values === null ? [] : leavesOf(values)))) {
    if (made.has(column)) column.dispose();
  }
}

function hostNumbers(data: TensorLike): HostData {
  if (ArrayBuffer.isView(data)) return data as HostData;
  if (isHostArray(data)) return data.data;
  return Float32Array.from((data as readonly never[]).flat(Number.POSITIVE_INFINITY) as number[]);
}

const hosts = new WeakMap<Tensor, HostData>();

/** A column's numbers on the host: what the user passed, or read back once, because tensors do not change. */
export async function hostDataOf(column: Tensor): Promise<HostData> {
  const data = hosts.get(column) ?? (await column.data());
  hosts.set(column, data);
  return data;
}

/** Whether a column is larger than a kernel may bind at once. */
export function exceeds(columns: readonly (Values | null)[], { limits }: InitResult): boolean {
  const limit = limits.maxStorageBufferBindingSize ?? Number.POSITIVE_INFINITY;
  const isBig = ({ size, dtype }: Tensor) => size * (dtype === "uint8" || dtype === "int8" ? 1 : 4) > limit;
  return columns.some((values) => values !== null && leavesOf(values).some(isBig));
}

// Tensors do not change, so each is looked at once.
const seen = new WeakSet<Tensor>();

/** Columns on the device that nobody has looked at yet. */
function unseenColumns(columns: Readonly<Record<string, Values | null>>): { name: string; column: Tensor }[] {
  const all = Object.entries(columns).flatMap(([name, values]) =>
    values ? leavesOf(values).map((column) => ({ name, column })) : [],
  );
  return all.filter(({ column }) => column.dtype === "float32" && !seen.has(column));
}

/** Throws at numbers on the device that are not finite. */
export async function checkUnseen(
  where: string,
  columns: Readonly<Record<string, Values | null>>,
): Promise<void> {
  const unseen = unseenColumns(columns);
  if (unseen.length === 0) return;
  const flags = await readAll(handleFree(() => unseen.map(({ column }) => ops.all(ops.isfinite(column)))));
  const bad = unseen[flags.findIndex((flag) => flag[0] === 0)];
  if (bad) checkFinite(where, bad.name, await bad.column.data(), bad.column.shape);
  for (const { column } of unseen) seen.add(column);
}

function missing(where: string, name: string): ValueError {
  return new ValueError(where, `${name} is missing.`, {
    received: "no data.",
    expected: "a tensor, a typed array, { data, shape }, or nested arrays with one row per sample.",
    fix: `pass ${name}.`,
  });
}

/** Throws at the first NaN or infinity, naming where it is. */
export function checkFinite(where: string, name: string, data: HostData, shape: readonly number[]): void {
  if (!(data instanceof Float32Array)) return;
  // x - x is 0 for finite numbers only; one sum tells for a whole block without a branch per element.
  const block = 65536;
  for (let start = 0; start < data.length; start += block) {
    const end = Math.min(start + block, data.length);
    let sum = 0;
    for (let i = start; i < end; i++) sum += (data[i] as number) - (data[i] as number);
    if (sum !== 0) throw notFinite(where, name, data, shape, start);
  }
}

function notFinite(
  where: string,
  name: string,
  data: Float32Array,
  shape: readonly number[],
  start: number,
): ValueError {
  const at = data.findIndex((value, i) => i >= start && !Number.isFinite(value));
  return new ValueError(where, `${name} has a number that is not finite.`, {
    received: `${data[at]} at ${name}[${indexAt(at, shape).join("][")}].`,
    expected: "finite numbers.",
    fix: "remove or replace the missing values first.",
  });
}

/** Position along each axis. */
export function indexAt(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (const extent of shape.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
}

/** Number of samples, which all columns share. */
export function countSamples(where: string, columns: Readonly<Record<string, Values | null>>): number {
  const lengths = Object.entries(columns).flatMap(([name, values]) =>
    values ? leavesOf(values).map((x) => ({ name, rows: x.shape[0] ?? 0 })) : [],
  );
  const rows = lengths[0]?.rows ?? 0;
  if (lengths.some((one) => one.rows !== rows)) throw unequal(where, lengths);
  if (rows === 0) throw empty(where);
  return rows;
}

function unequal(
  where: string,
  lengths: readonly { readonly name: string; readonly rows: number }[],
): ShapeError {
  return new ShapeError(where, "the data differ in the number of samples.", {
    received: lengths.map(({ name, rows }) => `${name} with ${rows} rows`).join(", "),
    expected: "one row of each per sample.",
    fix: "check how the data were cut.",
  });
}

function empty(where: string): ValueError {
  return new ValueError(where, "the data are empty.", {
    received: "0 samples.",
    expected: "at least one.",
    fix: "check the data source.",
  });
}

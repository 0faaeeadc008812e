/** @file The fuzz's oracle: eager double-precision values that are never overwritten, with a reverse walk of their own. */

/** One value. `pull` gives the inputs' cotangents; null: no gradient passes (an assignment, a constant). */
export class Value {
  static newest = 0;
  readonly id: number = ++Value.newest;
  readonly shape: readonly number[];
  readonly data: Float64Array;
  readonly inputs: readonly Value[];
  readonly pull: ((cotangent: Value) => readonly Value[]) | null;
  /** Bound on how far float32 arithmetic may be from any element, to first order. */
  readonly error: number;

  constructor(
    shape: readonly number[],
    data: Float64Array,
    inputs: readonly Value[] = [],
    pull: ((cotangent: Value) => readonly Value[]) | null = null,
    error = 0,
  ) {
    this.shape = shape;
    this.data = data;
    this.inputs = inputs;
    this.pull = pull;
    this.error = error;
  }
}

/** Relative error of one operation; a few units in the last place, since sums have no fixed order here. */
const unit = 1e-6;
/** Absolute error of tanh in WGSL. */
const tanhError = 1e-5;

function largest(data: Float64Array): number {
  let most = 0;
  for (const x of data) most = Math.max(most, Math.abs(x));
  return most;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Multi-index of a linear position. */
function positions(shape: readonly number[], linear: number): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(linear / stride) % (shape[axis] as number));
}

/** Linear position in an array that is broadcast along leading axes and axes of extent 1. */
function broadcastPosition(shape: readonly number[], index: readonly number[]): number {
  const skip = index.length - shape.length;
  return stridesOf(shape).reduce(
    (sum, stride, i) => sum + (shape[i] === 1 ? 0 : (index[skip + i] as number) * stride),
    0,
  );
}

const maps = new Map<string, Int32Array>();

/** For each element of `shape`, the element of an array of shape `from` that is broadcast to it. Few shapes occur, so maps are kept. */
function broadcastMap(from: readonly number[], shape: readonly number[]): Int32Array {
  const key = `${from}|${shape}`;
  const known = maps.get(key);
  if (known) return known;
  const map = Int32Array.from({ length: sizeOf(shape) }, (_, i) =>
    broadcastPosition(from, positions(shape, i)),
  );
  maps.set(key, map);
  return map;
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    return x === 1 ? y : x;
  });
}

export function source(shape: readonly number[], data: ArrayLike<number>): Value {
  return new Value(shape, Float64Array.from(data));
}

export const filled = (shape: readonly number[], value: number): Value =>
  source(shape, new Float64Array(sizeOf(shape)).fill(value));

/** A copy that no gradient passes: a variable's new value. */
export const barrier = (x: Value): Value => new Value(x.shape, x.data, [], null, x.error);

function binary(
  a: Value,
  b: Value,
  f: (x: number, y: number) => number,
  pull: (g: Value) => readonly Value[],
  error: number,
): Value {
  const shape = broadcast(a.shape, b.shape);
  const [fromA, fromB] = [broadcastMap(a.shape, shape), broadcastMap(b.shape, shape)];
  const data = new Float64Array(fromA.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = f(a.data[fromA[i] as number] as number, b.data[fromB[i] as number] as number);
  }
  const back = (g: Value) => pull(g).map((part, i) => sumTo(part, (i === 0 ? a : b).shape));
  return new Value(shape, data, [a, b], back, error + unit * largest(data));
}

const unary = (x: Value, f: (x: number) => number, pull: (g: Value) => Value, error: number): Value =>
  new Value(x.shape, x.data.map(f), [x], (g) => [pull(g)], error);

const addError = (a: Value, b: Value): number => a.error + b.error;
const mulError = (a: Value, b: Value): number => largest(a.data) * b.error + largest(b.data) * a.error;

export const add = (a: Value, b: Value): Value =>
  binary(
    a,
    b,
    (x, y) => x + y,
    (g) => [g, g],
    addError(a, b),
  );
export const sub = (a: Value, b: Value): Value =>
  binary(
    a,
    b,
    (x, y) => x - y,
    (g) => [g, neg(g)],
    addError(a, b),
  );
export const mul = (a: Value, b: Value): Value =>
  binary(
    a,
    b,
    (x, y) => x * y,
    (g) => [mul(g, b), mul(g, a)],
    mulError(a, b),
  );
export const neg = (x: Value): Value => unary(x, (v) => -v, neg, x.error);
export const square = (x: Value): Value => mul(x, x);
export function tanh(x: Value): Value {
  const slope = 1 - x.data.reduce((least, v) => Math.min(least, Math.tanh(Math.abs(v)) ** 2), 1);
  const error = x.error * slope + tanhError;
  const y: Value = unary(x, Math.tanh, (g) => mul(g, sub(filled([], 1), square(y))), error);
  return y;
}

/** Gathers elements: `from[i]` is the position of result element i, -1 for 0. Everything that only moves is one of these. */
function moved(x: Value, shape: readonly number[], from: (index: readonly number[]) => number): Value {
  return gathered(
    x,
    shape,
    Int32Array.from({ length: sizeOf(shape) }, (_, i) => from(positions(shape, i))),
  );
}

function gathered(x: Value, shape: readonly number[], sources: Int32Array): Value {
  const data = new Float64Array(sources.length);
  for (const [i, at] of sources.entries()) data[i] = at < 0 ? 0 : (x.data[at] as number);
  return new Value(shape, data, [x], (g) => [scattered(g, x.shape, sources)], x.error);
}

function scattered(x: Value, shape: readonly number[], to: Int32Array): Value {
  const data = new Float64Array(sizeOf(shape));
  const sizes = new Float64Array(data.length);
  const counts = new Float64Array(data.length);
  to.forEach((at, i) => {
    if (at < 0) return;
    counts[at] = (counts[at] as number) + 1;
    data[at] = (data[at] as number) + (x.data[i] as number);
    sizes[at] = (sizes[at] as number) + Math.abs(x.data[i] as number);
  });
  return new Value(
    shape,
    data,
    [x],
    (g) => [gathered(g, x.shape, to)],
    largest(counts) * x.error + unit * largest(sizes),
  );
}

export function transpose(x: Value): Value {
  return moved(x, [...x.shape].reverse(), (index) => linear(x.shape, [...index].reverse()));
}
export function reshape(x: Value, shape: readonly number[]): Value {
  return gathered(x, shape, Int32Array.from(x.data.keys()));
}
export function slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
  return moved(x, size, (index) =>
    linear(
      x.shape,
      index.map((at, axis) => at + (begin[axis] as number)),
    ),
  );
}
const linear = (shape: readonly number[], index: readonly number[]): number =>
  stridesOf(shape).reduce((sum, stride, axis) => sum + stride * (index[axis] as number), 0);

/** Rows of a matrix by position. */
export function takeRows(x: Value, rows: readonly number[]): Value {
  return moved(x, [rows.length, ...x.shape.slice(1)], ([row, ...rest]) =>
    linear(x.shape, [rows[row as number] as number, ...rest]),
  );
}
export function concatRows(a: Value, b: Value): Value {
  const rows = a.shape[0] as number;
  const shape = [rows + (b.shape[0] as number), ...a.shape.slice(1)];
  const none = a.shape.map(() => 0);
  const pull = (g: Value) => [slice(g, none, a.shape), slice(g, [rows, ...none.slice(1)], b.shape)];
  return new Value(
    shape,
    Float64Array.from([...a.data, ...b.data]),
    [a, b],
    pull,
    Math.max(a.error, b.error),
  );
}
/** Sum over some axes, which are kept with extent 1 if asked for. */
export function sum(x: Value, axes: readonly number[], keep: boolean): Value {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const total = sumTo(x, kept);
  return keep
    ? total
    : reshape(
        total,
        x.shape.filter((_, axis) => !axes.includes(axis)),
      );
}
export const broadcastTo = (x: Value, shape: readonly number[]): Value =>
  gathered(x, shape, broadcastMap(x.shape, shape));

/** Undoes broadcasting. */
export function sumTo(x: Value, shape: readonly number[]): Value {
  if (x.shape.join() === shape.join()) return x;
  return scattered(x, shape, broadcastMap(shape, x.shape));
}

export function matmul(a: Value, b: Value): Value {
  const [m, k] = a.shape as [number, number];
  const n = b.shape[1] as number;
  const data = new Float64Array(m * n);
  const sizes = new Float64Array(m * n);
  for (let i = 0; i < m * n; i++) {
    const [row, column] = [Math.floor(i / n), i % n];
    for (let j = 0; j < k; j++) {
      const product = (a.data[row * k + j] as number) * (b.data[j * n + column] as number);
      data[i] = (data[i] as number) + product;
      sizes[i] = (sizes[i] as number) + Math.abs(product);
    }
  }
  const pull = (g: Value) => [matmul(g, transpose(b)), matmul(transpose(a), g)];
  return new Value([m, n], data, [a, b], pull, k * mulError(a, b) + unit * largest(sizes));
}

/** The element at `position` replaced along the first axis (all of it at rank 0). */
export function replaceAt(x: Value, position: number, part: Value): Value {
  const width = x.data.length / (x.shape[0] ?? 1);
  const data = x.data.slice();
  for (let i = 0; i < width; i++)
    data[position * width + i] = part.data[part.data.length === 1 ? 0 : i] as number;
  return new Value(x.shape, data, [], null, Math.max(x.error, part.error));
}

/** Cotangents of sources; only values for which `enters` holds are passed through. null: not connected. */
export function gradient(
  target: Value,
  sources: readonly (readonly Value[])[],
  enters: (value: Value) => boolean,
): (Value | null)[] {
  const wanted = new Set(sources.flat());
  const order = reachable(target, enters);
  const leads = new Set<Value>();
  for (const value of order) {
    if (wanted.has(value) || (enters(value) && value.pull && value.inputs.some((input) => leads.has(input))))
      leads.add(value);
  }
  const found = new Map<Value, Value>();
  if (leads.has(target)) found.set(target, filled(target.shape, 1));
  for (const value of order.reverse()) {
    const cotangent = found.get(value);
    if (!cotangent || !value.pull || !enters(value)) continue;
    const parts = value.pull(cotangent);
    for (const [i, input] of value.inputs.entries()) {
      const known = found.get(input);
      const part = parts[i] as Value;
      if (leads.has(input)) found.set(input, known ? add(known, part) : part);
    }
  }
  return sources.map((values) => {
    const parts = values.flatMap((value) => found.get(value) ?? []);
    return parts.length === 0 ? null : parts.reduce((a, b) => add(a, b));
  });
}

function reachable(target: Value, enters: (value: Value) => boolean): Value[] {
  const seen = new Set([target]);
  const stack = [target];
  for (let value = stack.pop(); value; value = stack.pop()) {
    if (!value.pull || !enters(value)) continue;
    for (const input of value.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

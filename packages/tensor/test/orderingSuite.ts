/** @file Orders, searches, segments and scatters on a device: against the real Keras (tools/golden/golden_ordering.py), and long rows. */
import { beforeAll, describe, expect, test } from "vitest";
import { grad, init, jit, ops, type Tensor, type TensorLike, tensor } from "../src/index.ts";
import file from "./golden/ordering.json" with { type: "json" };
import { generator } from "./samplesInputs.ts";

interface Given {
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
  readonly dtype: "float32" | "int32" | "bool";
}

type Argument = Given | number | readonly number[];

interface Row {
  readonly name: string;
  readonly args: readonly Argument[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly results: readonly Omit<Given, "dtype">[];
  readonly gradient?: readonly (number | string)[];
  readonly graded?: number;
}

const rows = (file as unknown as { rows: readonly Row[] }).rows;

const isGiven = (argument: Argument): argument is Given =>
  typeof argument === "object" && !Array.isArray(argument);

function toTensor({ shape, data, dtype }: Given): Tensor {
  const numbers = data.map(Number);
  const array = dtype === "float32" ? Float32Array.from(numbers) : Int32Array.from(numbers);
  const made = tensor(array, { shape });
  return dtype === "bool" ? ops.cast(made, "bool") : made;
}

type Operation = (...args: unknown[]) => Tensor;

/** The results of an operation in Keras's order. */
function resultsOf(name: string, args: readonly unknown[], options: Row["options"]): Tensor[] {
  const [x, second] = args as [TensorLike, TensorLike];
  if (name === "topK") {
    const { values, indices } = ops.topK(x, second as number);
    return [values, indices];
  }
  if (name === "unique") {
    const { values, index, inverse, counts } = ops.unique(x, options as unknown as ops.UniqueOptions);
    return [values, index, inverse, counts];
  }
  if (name === "histogram") {
    const { counts, edges } = ops.histogram(x, options as ops.HistogramOptions);
    return [counts, edges];
  }
  if (name === "nonzero") return ops.nonzero(x, options as unknown as ops.NonzeroOptions);
  if (name === "bincount")
    return [ops.bincount(x, { ...(options as unknown as ops.BincountOptions), weights: second ?? null })];
  const operation = (ops as unknown as Record<string, Operation>)[name] as Operation;
  return [operation(...args, options)];
}

function expectClose(
  found: ArrayLike<number | boolean>,
  wanted: readonly (number | string | boolean)[],
): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, text] of wanted.entries()) {
    const [value, number] = [Number(text), Number(found[i])];
    if (Object.is(value, number) || value === number) continue;
    expect(Math.abs(number - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
  }
}

async function checkRow({ name, args, options, results, gradient, graded = 0 }: Row): Promise<void> {
  const given = args.map((argument) => (isGiven(argument) ? toTensor(argument) : argument));
  const found = resultsOf(name, given, options);
  expect(found.map(({ shape }) => [...shape])).toEqual(results.map(({ shape }) => shape));
  for (const [i, result] of results.entries()) expectClose(await (found[i] as Tensor).data(), result.data);
  if (!gradient) return;
  const loss = (x: Tensor): Tensor => {
    const changed = given.map((argument, i) => (i === graded ? x : argument));
    const first = resultsOf(name, changed, options)[0] as Tensor;
    const weights = Float32Array.from({ length: first.size }, (_, i) => i + 1);
    return ops.sum(first.mul(tensor(weights, { shape: first.shape })));
  };
  expectClose(await grad(loss)(given[graded] as Tensor).data(), gradient);
}

const ragged = [1, 3, 31, 33, 64, 65, 127, 1000, 5000];

/** Multiples of 1/4 with many equals, `length` of them. */
function tied(length: number, seed: number): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length }, () => Math.floor(next() * length) / 4);
}

const positions = (data: Float32Array, sign = 1): number[] =>
  [...data.keys()].sort((a, b) => sign * ((data[a] as number) - (data[b] as number)) || a - b);

function sortTests(): void {
  test.each(ragged)("sort, argsort, topK and unique of %i", async (length) => {
    const data = tied(length, length);
    const x = tensor(data);
    const order = positions(data);
    expect([...(await ops.argsort(x).data())]).toEqual(order);
    expect([...(await ops.sort(x).data())]).toEqual(order.map((i) => data[i]));
    const k = Math.min(length, 10);
    const best = positions(data, -1).slice(0, k);
    const { values, indices } = ops.topK(x, k);
    expect([...(await indices.data())]).toEqual(best);
    expect([...(await values.data())]).toEqual(best.map((i) => data[i]));
    const distinct = [...new Set(data)].sort((a, b) => a - b);
    const { values: found, counts } = ops.unique(x, { size: distinct.length });
    expect([...(await found.data())]).toEqual(distinct);
    expect((await ops.sum(counts).item()) as number).toBe(length);
  });

  test("gradient of sort goes back to where elements came from", async () => {
    const data = tied(1000, 5);
    const weights = Float32Array.from({ length: 1000 }, (_, i) => i);
    const gradient = await grad((x: Tensor) => ops.sum(ops.sort(x).mul(weights)))(tensor(data)).data();
    const expected = new Float32Array(1000);
    for (const [place, i] of positions(data).entries()) expected[i] = place;
    expect([...gradient]).toEqual([...expected]);
  });
}

function segmentTests(): void {
  test.each(ragged)("sums by index, running sums and bins of %i", async (length) => {
    const [table, columns] = [100, 3];
    const next = generator(length);
    const ids = Int32Array.from({ length }, () => Math.floor(next() ** 2 * table));
    const data = Float32Array.from({ length: length * columns }, () => next() - 0.5);
    const expected = new Float64Array(table * columns);
    const most = new Float64Array(table * columns).fill(Number.NEGATIVE_INFINITY);
    for (const [i, value] of data.entries()) {
      const place = (ids[Math.floor(i / columns)] as number) * columns + (i % columns);
      expected[place] = (expected[place] as number) + value;
      most[place] = Math.max(most[place] as number, value);
    }
    const x = tensor(data, { shape: [length, columns] });
    const run = jit((a: Tensor, b: Tensor) => ops.segmentSum(a, b, { numSegments: table }));
    const sums = await run(x, tensor(ids)).data();
    expectClose(sums, [...expected]);
    expect([...(await run(x, tensor(ids)).data())]).toEqual([...sums]);
    expectClose(await ops.segmentMax(x, ids, { numSegments: table }).data(), [...most]);
    let total = 0;
    const running = [...data].map((value) => (total += value));
    expectClose(await ops.cumsum(x).data(), running);
    const counts = await ops.bincount(ids, { minlength: table }).data();
    ids.forEach((id) => (counts as Int32Array)[id]!--);
    expect(Math.max(...counts)).toBe(0);
  });

  test.each([10, 50, 1000])("the gradient of an embedding of %i rows", async (size) => {
    const ids = Int32Array.from({ length: 300 }, (_, i) => (i * i) % size);
    const weights = Float32Array.from({ length: 300 * 8 }, (_, i) => Math.sin(i));
    const expected = new Float64Array(size * 8);
    for (const [i, value] of weights.entries()) expected[(ids[i >> 3] as number) * 8 + (i & 7)]! += value;
    const loss = (table: Tensor): Tensor =>
      ops.sum(ops.take(table, ids, { axis: 0 }).mul(tensor(weights, { shape: [300, 8] })));
    expectClose(await grad(loss)(ops.zeros([size, 8])).data(), [...expected]);
  });

  test("updates of a long table: the last of equal places stays", async () => {
    const places = Int32Array.from({ length: 1000 }, (_, i) => (i * 7) % 500);
    const updates = Float32Array.from({ length: 1000 }, (_, i) => i + 1);
    const expected = new Float32Array(600);
    places.forEach((place, i) => (expected[place] = updates[i] as number));
    const given = tensor(places, { shape: [1000, 1] });
    const found = await ops.scatterUpdate(ops.zeros([600]), given, tensor(updates)).data();
    expect([...found]).toEqual([...expected]);
  });
}

/** Defines the tests on one backend. */
export function orderingSuite(backend: "cpu" | "webgpu"): void {
  describe(`orders and segments on ${backend}`, () => {
    beforeAll(async () => {
      expect((await init({ backend })).backend).toBe(backend);
    });
    const named = rows.map((row, i) => [`${i} ${row.name} ${JSON.stringify(row.options)}`, row] as const);
    test.each(named)("%s", (_, row) => checkRow(row));
    sortTests();
    segmentTests();
  });
}

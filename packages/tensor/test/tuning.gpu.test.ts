/** @file Tuning on WebGPU, forced on a software adapter: it measures, keeps, finds again, and changes no value beyond rounding. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jit } from "../src/jit.ts";
import * as ops from "../src/ops/index.ts";
import { init, reset } from "../src/runtime/runtime.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { clearTuning, loadTuning, saveTuning, type TuningReport, tune } from "../src/tuning/tune.ts";
import { Variable } from "../src/variable.ts";

beforeAll(async () => {
  await init({ backend: "webgpu" });
  await clearTuning();
});

afterAll(async () => {
  await clearTuning();
  await reset();
});

const wave = (shape: readonly number[], salt: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.7 + salt)),
    { shape: [...shape] },
  );

/** A product with a long k, and row reductions. */
const compute = (a: Tensor, b: Tensor): Tensor => ops.softmax(ops.matmul(a, b).mul(0.01));

const operands = (): [Tensor, Tensor] => [wave([8, 1024], 1), wave([1024, 12], 2)];

const valuesOf = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())] as number[];

function worst(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

/** Everything in the database of choices, by key. */
async function stored(
  change?: (store: IDBObjectStore, keys: IDBValidKey[]) => void,
): Promise<Map<string, unknown>> {
  const opened = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("tenrec-tuning", 1);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = opened.transaction("choices", "readwrite");
  const store = transaction.objectStore("choices");
  const [keys, values] = [store.getAllKeys(), store.getAll()];
  await new Promise<void>((resolve) => {
    values.onsuccess = () => {
      change?.(store, keys.result);
      resolve();
    };
  });
  await new Promise((resolve) => transaction.addEventListener("complete", resolve));
  opened.close();
  return new Map(keys.result.map((key, i) => [String(key), values.result[i] as unknown]));
}

function expectFastest({ choices }: TuningReport): void {
  for (const { choice, heuristic, milliseconds } of choices) {
    const times = milliseconds as Readonly<Record<string, number>>;
    const least = Math.min(...Object.values(times));
    const own = times[heuristic] as number;
    expect(times[choice]).toBe(least < 0.97 * own ? least : own);
  }
}

describe("a forced measurement", () => {
  const step = jit(compute);
  let report: TuningReport;

  test("picks the fastest of what it measured and keeps it in IndexedDB", async () => {
    const [a, b] = operands();
    const expected = await valuesOf(step(a, b));
    report = await tune(() => step(a, b), { force: true });
    expect(report).toMatchObject({ clock: "timestamp-query", lasting: true });
    const problems = report.choices.map(({ problem }) => problem.split(" ")[0]);
    expect(new Set(problems)).toEqual(new Set(["split", "gemm", "rows"]));
    expectFastest(report);
    expect((await stored()).size).toBe(report.choices.length);
    expect(worst(await valuesOf(step(a, b)), expected)).toBeLessThan(1e-5);
  });

  test("changes no value, whatever is chosen: jitted without a new trace, and recorded", async () => {
    const [a, b] = operands();
    const saved = JSON.parse(await saveTuning());
    const expected = await valuesOf(step(a, b));
    for (const { problem, milliseconds } of report.choices) {
      for (const choice of Object.keys(milliseconds as object)) {
        const choices = { ...saved.choices, [problem]: { choice, milliseconds: 0 } };
        expect(await loadTuning(JSON.stringify({ ...saved, choices }))).toBe(report.choices.length);
        expect(worst(await valuesOf(step(a, b)), expected), `${problem}: ${choice}`).toBeLessThan(1e-5);
        expect(worst(await valuesOf(compute(a, b)), expected), `${problem}: ${choice}`).toBeLessThan(1e-5);
      }
    }
  });

  test("is not repeated: the next visit finds the choices; of broken ones only those are measured anew", async () => {
    await reset();
    await init({ backend: "webgpu" });
    expect(await loadTuning()).toBe(report.choices.length);
    const [a, b] = operands();
    const second = await tune(() => step(a, b), { force: true });
    expect(second.choices.every(({ milliseconds }) => milliseconds === null)).toBe(true);
    expect(second.choices.map(({ choice }) => choice)).toEqual(report.choices.map(({ choice }) => choice));
    const expected = await valuesOf(step(a, b));
    await reset();
    await init({ backend: "webgpu" });
    await stored((store, keys) => {
      const values = [3, { choice: 5, milliseconds: 1 }, { choice: "no such form", milliseconds: 1 }];
      values.forEach((value, i) => void store.put(value, keys[i] as IDBValidKey));
    });
    expect(await loadTuning()).toBe(report.choices.length - 2);
    const [c, d] = operands();
    expect(worst(await valuesOf(step(c, d)), expected)).toBeLessThan(1e-5);
    const third = await tune(() => step(c, d), { force: true });
    expect(third.choices.filter(({ milliseconds }) => milliseconds !== null)).toHaveLength(3);
  });
});

test("the tuned step takes effect once, and candidates touch no variable", async () => {
  const v = new Variable(wave([16, 16], 3));
  const before = await valuesOf(v.read());
  const step = jit((x: Tensor) => {
    v.assign(ops.matmul(v.read(), x));
    return ops.sum(v.read());
  });
  const identity = ops.eye(16).mul(2);
  await tune(() => step(identity), { force: true });
  expect(
    worst(
      await valuesOf(v.read()),
      before.map((value) => 2 * value),
    ),
  ).toBeLessThan(1e-5);
});

test("a recurrent layer runs whole or step by step, as chosen, to the same values", async () => {
  const [x, kernel, recurrent] = [wave([3, 5, 4], 1), wave([4, 32], 2), wave([8, 32], 3)];
  const step = jit(() => ops.lstm(x, kernel, recurrent).outputs);
  const whole = await valuesOf(step());
  const repeats = () => step.explain()?.plan.steps.filter(({ kind }) => kind === "repeat").length;
  expect(repeats()).toBe(0);
  const choices = { "sequence forward 4x8 3x5": { choice: "steps", milliseconds: 0 } };
  await loadTuning(JSON.stringify({ ...JSON.parse(await saveTuning()), choices }));
  expect(worst(await valuesOf(step()), whole)).toBeLessThan(1e-5);
  expect(repeats()).toBe(1);
});

test("a software adapter is not measured unless forced", async () => {
  await clearTuning();
  const report = await tune(() => compute(...operands()));
  expect(report).toMatchObject({ clock: null, lasting: false });
  expect(report.notice).toMatch(/software|CPU renderer/);
  expect(report.choices.length).toBeGreaterThan(2);
  expect(report.choices.every(({ choice, heuristic }) => choice === heuristic)).toBe(true);
  expect((await stored()).size).toBe(0);
});

test("an adapter without timestamps is measured by the wall clock", async () => {
  await reset();
  const { features } = await init({ backend: "webgpu", masked: { features: ["timestamp-query"] } });
  expect(features).not.toContain("timestamp-query");
  const x = wave([64, 96], 4);
  const report = await tune(() => ops.sum(x, { axis: 1 }), { force: true });
  expect(report.clock).toBe("wall time");
  expectFastest(report);
});

test("text that is no tuning is refused, of another machine passed over", async () => {
  await expect(loadTuning("{")).rejects.toThrow(/loadTuning: the text holds no choices.\n {2}Received/);
  await expect(loadTuning("3")).rejects.toThrow(/saveTuning/);
  const other = { ...JSON.parse(await saveTuning()), adapter: "another" };
  expect(await loadTuning(JSON.stringify(other))).toBe(0);
});

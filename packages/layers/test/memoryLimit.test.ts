/** @file Models that need more memory than the device allows: refused before the first step, with the bytes by layer. */
import { init, memory, reset, setMemoryLimit } from "@tenrec/tensor";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callbacks, Input, layers, Model, remat, Sequential } from "../src/index.ts";
import { resetNames } from "../src/naming.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "cpu" }));
beforeEach(() => resetNames());
afterEach(() => setMemoryLimit(null));

const rows = 256;
const x = { data: sequence([rows, 64], 3), shape: [rows, 64] };
const y = Int32Array.from({ length: rows }, (_, i) => i % 10);

function classifier(units = 128): Sequential {
  const model = new Sequential([
    new layers.Dense(units, { activation: "relu" }),
    new layers.Dropout(0.5),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
  return model;
}

/** The cells of the table's rows by layer, as numbers (NaN for what was not planned). */
function tableOf(error: Error): Map<string, number[]> {
  const [head, table] = error.message.split("\n  Bytes by layer:\n") as [string, string];
  expect(head).toMatch(/^.+: .+\n {2}Received: .+\n {2}Expected: .+\n {2}Fix: .+$/);
  const lines = table.split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(lines[0]).toEqual(["layer", "weights", "optimizer", "activations"]);
  const cells = lines.slice(1).map(([name, ...numbers]) => {
    return [name as string, numbers.map((text) => Number(text.replaceAll(",", "")))] as const;
  });
  return new Map(cells);
}

async function refusal(call: () => Promise<unknown>): Promise<Error> {
  const error = await call().then(
    () => null,
    (reason: unknown) => reason as Error,
  );
  expect(error?.name).toBe("MemoryError");
  return error as Error;
}

class Steps extends callbacks.Callback {
  count = 0;
  override onTrainBegin(): void {
    this.count++;
  }
}

describe("setMemoryLimit", () => {
  test("a plan beyond it: nothing has run, nothing is changed, and a smaller batch goes", async () => {
    const model = classifier();
    await model.fit(x, y, { batchSize: 8, verbose: 0 });
    const before = await model.getWeights();
    const inUse = memory().bytes;
    setMemoryLimit(inUse + 50_000);
    const steps = new Steps();
    const fit = (batchSize: number) => model.fit(x, y, { batchSize, verbose: 0, callbacks: [steps] });
    const error = await refusal(() => fit(rows));
    expect(error.message).toMatch(/^fit: "sequential" needs more memory/);
    expect(error.message).toMatch(/setMemoryLimit/);
    expect(error.message).toMatch(/Fix: use a smaller batchSize, or wrap blocks of layers in remat/);
    expect(steps.count).toBe(0);
    expect(await model.getWeights()).toEqual(before);
    const table = tableOf(error);
    const parameters = { dense: 64 * 128 + 128, dense_1: 128 * 10 + 10 };
    for (const [name, count] of Object.entries(parameters))
      expect(table.get(name)?.slice(0, 2)).toEqual([4 * count, 8 * count]);
    // Hidden values and their gradient; one value in 256 x 10 for the softmax.
    expect(table.get("dense")?.[2]).toBeGreaterThanOrEqual(rows * 128 * 4);
    const all = [...table].filter(([name]) => name !== "total").map(([, cells]) => cells);
    for (const column of [0, 1, 2]) {
      const sum = all.reduce((total, cells) => total + (cells[column] as number), 0);
      expect(table.get("total")?.[column]).toBe(sum);
    }
    await fit(8);
    expect(steps.count).toBe(1);
    setMemoryLimit(null);
    await fit(rows);
  });

  test("the activations are those of the plan", async () => {
    await reset();
    await init({ backend: "cpu" });
    const model = classifier();
    setMemoryLimit(memory().bytes + 400_000);
    const error = await refusal(() => model.fit(x, y, { batchSize: rows, verbose: 0 }));
    const [, , activations] = tableOf(error).get("total") as number[];
    setMemoryLimit(null);
    await model.fit(x, y, { batchSize: rows, verbose: 0 });
    expect(memory().owners.slot).toBe(activations);
  });

  test("weights and optimizer beyond it: the optimizer is not built", async () => {
    const model = classifier(4096);
    model.build([null, 64]);
    setMemoryLimit(memory().bytes + 2_000_000);
    const error = await refusal(() => model.fit(x, y, { verbose: 0 }));
    expect(error.message).toMatch(/an optimizer with less state: sgd/);
    const count = 65 * 4096 + 4097 * 10;
    expect(tableOf(error).get("total")).toEqual([4 * count, 8 * count, Number.NaN]);
    expect(model.optimizer?.built).toBe(false);
  });

  test("predict, evaluate, trainOnBatch and testOnBatch", async () => {
    const model = classifier();
    await model.fit(x, y, { batchSize: 8, verbose: 0 });
    setMemoryLimit(memory().bytes + 20_000);
    const calls = {
      predict: () => model.predict(x, { batchSize: rows }),
      evaluate: () => model.evaluate(x, y, { batchSize: rows }),
      trainOnBatch: () => model.trainOnBatch(x, y),
      testOnBatch: () => model.testOnBatch(x, y),
    };
    for (const [where, call] of Object.entries(calls)) {
      const error = await refusal(call);
      expect(error.message.startsWith(`${where}: `)).toBe(true);
      expect(tableOf(error).get("dense")?.[2]).toBeGreaterThan(0);
    }
    setMemoryLimit(null);
    for (const call of Object.values(calls)) await call();
  });

  test("layers of models inside a model stand by themselves, long tables are cut", async () => {
    const inner = new Sequential([new layers.Dense(64, { activation: "relu" })], { name: "inner" });
    const input = Input({ shape: [64] });
    let h = inner.apply(input);
    for (let i = 0; i < 30; i++) h = new layers.Dense(64, { activation: "tanh", name: `block${i}` }).apply(h);
    const model = new Model({ inputs: input, outputs: h });
    model.compile({ optimizer: "sgd", loss: "mse" });
    setMemoryLimit(memory().bytes + 600_000);
    const table = tableOf(await refusal(() => model.fit(x, x, { batchSize: rows, verbose: 0 })));
    expect(table.get("inner/dense")?.[0]).toBe(4 * 65 * 64);
    expect(table.get("11 more")?.[0]).toBe(11 * 4 * 65 * 64);
    expect(table.get("total")?.[0]).toBe(31 * 4 * 65 * 64);
  });

  test("a block that is computed again has its inside's bytes", async () => {
    const block = new Sequential(
      [new layers.Dense(512, { activation: "tanh" }), new layers.Dense(64, { activation: "tanh" })],
      { name: "block" },
    );
    const model = new Sequential([remat(block), new layers.LSTM(8, { name: "steps" }), new layers.Dense(10)]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const input = { data: sequence([64, 4, 64], 3), shape: [64, 4, 64] };
    const target = { data: sequence([64, 10], 3), shape: [64, 10] };
    model.build([null, 4, 64]);
    setMemoryLimit(memory().bytes + 700_000);
    const table = tableOf(await refusal(() => model.fit(input, target, { batchSize: 64, verbose: 0 })));
    expect(table.get("block")?.[2]).toBeGreaterThanOrEqual(64 * 4 * 512 * 4);
    expect(table.get("steps")?.[2]).toBeGreaterThan(0);
  });

  test("a limit that is none", () => {
    for (const bytes of [0, -1, Number.NaN]) expect(() => setMemoryLimit(bytes)).toThrow(/not a positive/);
  });
});

test("a weight larger than any buffer of the device", async () => {
  const model = classifier(1 << 25);
  const error = await refusal(() => model.fit(x, y, { verbose: 0 }));
  expect(error.message).toMatch(/variable "kernel" alone[\s\S]*maxStorageBufferBindingSize/);
  expect(tableOf(error).get("dense")?.[0]).toBe(65 * 2 ** 25 * 4);
  expect((await refusal(() => model.predict(x))).message).toMatch(/dense/);
  // What has nothing to do with it goes on.
  await classifier().fit(x, y, { verbose: 0 });
});

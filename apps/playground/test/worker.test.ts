/** The worker's parts on the cpu backend: the default projects learn, runs replay, checkpoints and bad steps go back. */

import { init } from "tenrec";
import { beforeAll, describe, expect, test } from "vitest";
import { defaultProject } from "../src/project/defaults.ts";
import { type DataSet, dataSets, type ProjectPatch, patched } from "../src/project/project.ts";
import { Engine } from "../src/worker/engine.ts";
import { problemFrom, StepError } from "../src/worker/problems.ts";
import { score, softmaxRows } from "../src/worker/scores.ts";
import { drawIndex } from "../src/worker/writer.ts";

beforeAll(async () => {
  await init({ backend: "cpu" });
});

const open = (set: DataSet, patch: ProjectPatch = {}) => Engine.create(patched(defaultProject(set), patch));

async function losses(engine: Engine, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let step = 0; step < count; step++) found.push((await engine.train()).loss);
  return found;
}

/** A convolution takes a processor long, so that one only gets a tenth of the steps. */
const leastAccuracy = (set: DataSet) => (set === "pictures" ? 0.85 : set === "digits" ? 0.96 : 0.95);

describe("engine", () => {
  // Full speed on the cpu backend gives these steps within five seconds.
  test.each(dataSets.filter((set) => set !== "text"))(
    "%s is learned with its default settings",
    async (set) => {
      const engine = await open(set);
      await losses(engine, set === "pictures" ? 60 : 600);
      const { accuracy, confusion } = await engine.snapshot(null);
      expect(accuracy).toBeGreaterThanOrEqual(leastAccuracy(set));
      expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(engine.built.validation.y.length);
    },
    60_000,
  );

  test("reset replays the same losses, with dropout and warmed up or not", async () => {
    const engine = await open("digits");
    const first = await losses(engine, 20);
    engine.reset();
    await engine.warmUp();
    expect(await losses(engine, 20)).toEqual(first);
  });

  test("epochs are counted in rows seen, also where batches reach over their ends", async () => {
    const engine = await open("moons", { data: { samples: 40, validation: 0.25 }, train: { batchSize: 20 } });
    await losses(engine, 3);
    expect(engine.epoch).toBe(2);
  });

  test("a checkpoint brings picture and step back; one of another stack is refused", async () => {
    const engine = await open("circles");
    await losses(engine, 30);
    const checkpoint = await engine.checkpoint();
    const before = await engine.snapshot(null);
    if (checkpoint === undefined) throw new Error("no checkpoint");
    await losses(engine, 30);
    expect(engine.restore(checkpoint)).toBe(true);
    expect(engine.step).toBe(30);
    expect(await engine.snapshot(null)).toEqual(before);
    const other = await open("circles", { model: { layers: [] } });
    expect(other.restore(checkpoint)).toBe(false);
  });

  test("learning rate, batch size and optimizer change under way; data and stack need a new engine", async () => {
    const engine = await open("xor");
    await losses(engine, 5);
    const { loss } = await engine.snapshot(null);
    const slower = patched(defaultProject("xor"), { train: { learningRate: 0, batchSize: 7 } });
    expect(engine.tune(slower)).toBe(true);
    await losses(engine, 5);
    expect((await engine.snapshot(null)).loss).toBe(loss);
    expect(engine.tune(patched(slower, { train: { optimizer: "sgd" } }))).toBe(true);
    expect((await engine.snapshot(null)).loss).toBe(loss);
    expect(engine.step).toBe(10);
    expect(engine.tune(patched(slower, { data: { seed: 2 } }))).toBe(false);
  });

  test("a loss that is not finite stops at its step, and restoring goes on from finite weights", async () => {
    const linear = { kind: "dense", units: 16, activation: "linear" } as const;
    const engine = await open("spiral", {
      model: { layers: [linear, linear] },
      train: { optimizer: "momentum", learningRate: 10 },
    });
    const start = await engine.checkpoint();
    const error = await losses(engine, 200).catch((thrown: unknown) => new StepError(engine.step, thrown));
    expect(problemFrom(error, 0)).toMatchObject({ kind: "nonFinite", step: engine.step });
    if (start === undefined) throw new Error("no checkpoint");
    engine.restore(start);
    expect(Number.isFinite((await engine.train()).loss)).toBe(true);
  });

  test("a probed digit gets probabilities that sum to 1", async () => {
    const engine = await open("digits");
    const { probe } = await engine.snapshot(new Float32Array(64).fill(0.5));
    expect(probe?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });
});

describe("figures", () => {
  test("softmax by rows, also of large logits", () => {
    const rows = softmaxRows(Float32Array.of(1000, 1000, 0, Math.log(3)), 2);
    expect([...rows].map((share) => Number(share.toFixed(6)))).toEqual([0.5, 0.5, 0.25, 0.75]);
    expect([...softmaxRows(Float32Array.of(Infinity, 0), 2)].some(Number.isNaN)).toBe(true);
  });

  test("loss, accuracy and confusion", () => {
    const { loss, accuracy, confusion } = score(
      Float32Array.of(0.5, 0.5, 0.25, 0.75, 0.75, 0.25),
      Int32Array.of(0, 1, 1),
      2,
    );
    expect(loss).toBeCloseTo((Math.log(2) + Math.log(4 / 3) + Math.log(4)) / 3, 6);
    expect(accuracy).toBeCloseTo(2 / 3, 12);
    expect(confusion).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  test("thrown errors are sorted into kinds", () => {
    const kind = (message: string) => problemFrom(new Error(message), 1).kind;
    expect(kind("fit: the loss is not finite at step 3.")).toBe("nonFinite");
    expect(kind("device: the GPU device was lost.\n  Received: x")).toBe("deviceLost");
    expect(kind("tensor: the value lived on a device that is gone.")).toBe("deviceLost");
    expect(kind("buffer: out of GPU memory.")).toBe("outOfMemory");
    expect(kind("x is undefined")).toBe("crash");
  });
});

describe("pictures", () => {
  const small = { data: { samples: 200 }, train: { batchSize: 16 } } as const;

  test("filters and maps of every convolution and pooling, for the probed digit", async () => {
    const engine = await open("pictures", small);
    await losses(engine, 2);
    const empty = await engine.snapshot(null);
    expect(empty.inside?.map(({ maps }) => maps)).toEqual([undefined, undefined, undefined]);
    const { inside } = await engine.snapshot(new Float32Array(64).fill(0.5));
    expect(inside?.map(({ place, filters, maps }) => [place, filters?.shape, maps?.shape])).toEqual([
      [0, [3, 3, 1, 8], [1, 8, 8, 8]],
      [1, undefined, [1, 4, 4, 8]],
      [2, [3, 3, 8, 16], [1, 4, 4, 16]],
    ]);
    const [first] = inside ?? [];
    expect(first?.maps?.values.some((value) => value > 0)).toBe(true);
    expect(engine.built.layers.map(({ params }) => params)).toEqual([80, 0, 1168, 257 * 32, 330]);
  });

  test("a stack without convolutions has nothing to look into", async () => {
    const engine = await open("pictures", { ...small, model: { layers: [{ kind: "pool", size: 4 }] } });
    await losses(engine, 2);
    const { inside } = await engine.snapshot(new Float32Array(64));
    expect(inside?.map(({ place, filters }) => [place, filters])).toEqual([[0, undefined]]);
    expect(
      (await (await open("pictures", { ...small, model: { layers: [] } })).snapshot(null)).inside,
    ).toEqual([]);
  });
});

describe("text", () => {
  const embedding = { kind: "embedding", units: 8 } as const;
  const stacks = {
    gru: [embedding, { kind: "gru", units: 16 }],
    lstm: [embedding, { kind: "lstm", units: 16 }],
    attention: [embedding, { kind: "attention", heads: 2 }, { kind: "dropout", rate: 0 }],
  } as const;
  const opened = (kind: keyof typeof stacks) =>
    open("text", { data: { window: 16 }, model: { layers: stacks[kind] }, train: { batchSize: 8 } });

  test.each(["gru", "lstm", "attention"] as const)(
    "%s: the loss falls, also on held-out text",
    async (kind) => {
      const engine = await opened(kind);
      const before = await engine.snapshot(null);
      expect(before.loss).toBeCloseTo(Math.log(engine.built.classes), 0);
      await losses(engine, 60);
      expect((await engine.snapshot(null)).loss).toBeLessThan(before.loss - 0.8);
    },
  );

  test("what stands after the prompt in the window does not matter, and what is old is forgotten", async () => {
    const engine = await opened("attention");
    const write = async (prompt: string) => {
      const writer = engine.writer(prompt, 1);
      let text = "";
      for (let count = 0; count < 20; count++) text += await writer?.next(0.7);
      return text;
    };
    expect(await write("the cave")).toBe(await write("the cave"));
    expect(await write("the light of the sun")).toBe(await write("xthe light of the sun".slice(-20)));
    expect((await write("")).length).toBe(20);
    expect((await write("\u00e9\u4e00")).length).toBe(20);
  });

  test("reset replays the same windows; epochs are counted in characters", async () => {
    const engine = await open("text", {
      data: { window: 128, validation: 0.9 },
      model: { layers: [embedding] },
      train: { batchSize: 16 },
    });
    const first = await losses(engine, 4);
    expect(engine.epoch).toBe(Math.floor((4 * 16 * 128) / engine.built.counts.train));
    engine.reset();
    expect(await losses(engine, 4)).toEqual(first);
  });

  test("a low temperature takes the likeliest character; numbers that are not finite give none", () => {
    const logits = Float32Array.of(0, 2, 1);
    expect([0.01, 0.5, 0.99].map((random) => drawIndex(logits, 0.1, random))).toEqual([1, 1, 1]);
    expect([0, 0.5, 0.999].map((random) => drawIndex(logits, 2, random))).toEqual([0, 1, 2]);
    expect(drawIndex(Float32Array.of(0, Number.NaN), 1, 0.5)).toBe(-1);
  });
});

/** @file Callbacks: logic against what the real Keras (3.15) did with the same logs, and their part in fit. */
import { init } from "@tenrec/tensor";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Callback, type Logs } from "../src/callbacks/callback.ts";
import {
  EarlyStopping,
  type EarlyStoppingOptions,
  History,
  LambdaCallback,
  LearningRateScheduler,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
} from "../src/callbacks/index.ts";
import { CallbackList } from "../src/callbacks/list.ts";
import { durationText, ProgbarLogger, progressText, type Terminal } from "../src/callbacks/progress.ts";
import { layers, optimizers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "cpu" }));
afterEach(() => vi.restoreAllMocks());

function smallModel(): Sequential {
  const model = new Sequential([new layers.Dense(1)]);
  model.build([null, 2]);
  model.compile({ optimizer: new optimizers.SGD(), loss: "mse" });
  return model;
}

const x = { data: sequence([12, 2], 1), shape: [12, 2] };
const y = { data: sequence([12, 1], 2), shape: [12, 1] };

describe("EarlyStopping", () => {
  /** Epochs that ran, the epoch at which it stopped, the best one, and the epoch whose weights are there at the end. */
  async function run(values: readonly number[], options: EarlyStoppingOptions) {
    const model = smallModel();
    const callback = new EarlyStopping(options);
    const list = new CallbackList([callback], model, { verbose: 0, epochs: values.length, steps: 1 });
    await list.call("onTrainBegin");
    let epochs = 0;
    for (const [epoch, value] of values.entries()) {
      model.setWeights([[[epoch], [epoch]], [0]]);
      await list.call("onEpochEnd", epoch, { val_loss: value, val_accuracy: value });
      epochs++;
      if (model.stopTraining) break;
    }
    await list.call("onTrainEnd");
    const [kernel] = await model.getWeights();
    return [epochs, callback.stoppedEpoch, callback.bestEpoch, kernel?.[0]];
  }

  const falling = [1, 0.9, 0.8, 0.85, 0.9, 0.95, 0.5];
  test.each<[number[], EarlyStoppingOptions, number[]]>([
    [falling, { patience: 2 }, [5, 4, 2, 4]],
    [falling, { patience: 2, restoreBestWeights: true }, [5, 4, 2, 2]],
    [falling, { patience: 0, restoreBestWeights: true }, [4, 3, 2, 2]],
    [[1, 1, 1], {}, [2, 1, 0, 1]],
    [[1, 0.99, 0.98, 0.97], { minDelta: 0.05, patience: 2 }, [3, 2, 0, 2]],
    [[1, 0.9, 0.8, 0.7, 0.6], { baseline: 0.5, patience: 3, restoreBestWeights: true }, [5, 0, 4, 4]],
    [
      [1, 0.9, 0.4, 0.7, 0.6, 0.7, 0.7],
      { baseline: 0.5, patience: 3, restoreBestWeights: true },
      [6, 5, 2, 2],
    ],
    [[0.5, 0.6, 0.7, 0.65, 0.6, 0.5], { monitor: "val_accuracy", patience: 2 }, [5, 4, 2, 4]],
    [[5, 1, 2, 3, 4, 5, 6], { startFromEpoch: 3, patience: 2, restoreBestWeights: true }, [6, 5, 3, 3]],
    [[1, 2], { startFromEpoch: 5, restoreBestWeights: true }, [2, 0, 0, 1]],
    [[1, 0.9, 0.8], { restoreBestWeights: true, patience: 5 }, [3, 0, 2, 2]],
    [[Number.NaN, 1, Number.NaN, 0.5], { patience: 2, restoreBestWeights: true }, [3, 2, 0, 0]],
  ])("%j %j", async (values, options, wanted) => {
    expect(await run(values, options)).toEqual(wanted);
  });

  test("stops fit and sets the best weights again", async () => {
    const model = smallModel();
    model.setWeights([[[0.5], [-0.5]], [0]]);
    // A rate that diverges: the first epoch is the best.
    const best: Float32Array[] = [];
    const scheduler = new LearningRateScheduler((epoch) => (epoch === 0 ? 0.01 : 100));
    const note = new LambdaCallback({
      onEpochEnd: async (epoch) => {
        if (epoch === 0) best.push(...((await model.getWeights()) as Float32Array[]));
      },
    });
    const stop = new EarlyStopping({ monitor: "val_loss", patience: 2, restoreBestWeights: true });
    const { epoch } = await model.fit(x, y, {
      epochs: 20,
      verbose: 0,
      validationSplit: 0.25,
      callbacks: [scheduler, note, stop],
    });
    expect(epoch).toEqual([0, 1, 2]);
    expect(stop.stoppedEpoch).toBe(2);
    expect(await model.getWeights()).toEqual(best);
  });

  test("says what it does when asked to, and warns once of a missing value", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await run([1, 2, 3], { patience: 1, verbose: 1, restoreBestWeights: true });
    expect(log.mock.calls.flat()).toEqual([
      "Epoch 2: early stopping.",
      "Epoch 1: the weights of this epoch, the best one, are set again.",
    ]);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await run([1, 2, 3], { monitor: "val_auc" });
    expect(warn.mock.calls.flat()).toEqual([
      'EarlyStopping: "val_auc" is not among the logs (val_loss, val_accuracy), so it does nothing.',
    ]);
  });

  test("a name that tells no direction needs a mode", () => {
    expect(() => new EarlyStopping({ monitor: "val_quality" })).toThrow(/cannot be told[\s\S]*mode: "max"/);
    expect(new EarlyStopping({ monitor: "val_quality", mode: "max" }).mode).toBe("max");
    expect(new EarlyStopping({ monitor: "val_sparse_categorical_crossentropy" }).mode).toBe("min");
    expect(new EarlyStopping({ monitor: "AUC" }).mode).toBe("max");
    expect(new EarlyStopping({ monitor: "val_false_positives" }).mode).toBe("min");
  });
});

describe("ReduceLROnPlateau", () => {
  async function run(values: readonly number[], options: ReduceLROnPlateauOptions) {
    const model = smallModel();
    const optimizer = model.optimizer as { learningRate: number };
    optimizer.learningRate = 1;
    const list = new CallbackList([new ReduceLROnPlateau(options)], model, {
      verbose: 0,
      epochs: 1,
      steps: 1,
    });
    await list.call("onTrainBegin");
    const rates: number[] = [];
    const logged: number[] = [];
    for (const [epoch, value] of values.entries()) {
      const logs: Logs = { val_loss: value };
      await list.call("onEpochEnd", epoch, logs);
      rates.push(optimizer.learningRate);
      logged.push(logs.learning_rate as number);
    }
    return { rates, logged };
  }

  const same = Array<number>(8).fill(1);
  test.each<[number[], ReduceLROnPlateauOptions, number[]]>([
    [same, { patience: 2 }, [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]],
    [same, { patience: 2, factor: 0.5, cooldown: 2 }, [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]],
    [
      [1, 1, 1, 0.5, 0.5, 0.5, 0.5],
      { patience: 1, factor: 0.5, minLr: 0.2 },
      [1, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2],
    ],
    [[1, 0.99995, 0.9999, 0.9998], { patience: 1 }, [1, 0.1, 0.01, 0.01]],
    [[1, 0.9995, 0.999], { patience: 1, minDelta: 0.01 }, [1, 0.1, 0.01]],
  ])("%j %j", async (values, options, wanted) => {
    const { rates, logged } = await run(values, options);
    rates.forEach((rate, i) => expect(rate).toBeCloseTo(wanted[i] as number, 8));
    expect(logged).toEqual([1, ...rates.slice(0, -1)]);
  });

  test("a factor that does not reduce is refused", () => {
    expect(() => new ReduceLROnPlateau({ factor: 1 })).toThrow(/factor does not reduce/);
  });
});

describe("LearningRateScheduler and History in fit", () => {
  test("rates take effect and are logged; the history has every log by epoch", async () => {
    const model = smallModel();
    const seen: [number, number][] = [];
    const scheduler = new LearningRateScheduler((epoch, rate) => {
      seen.push([epoch, rate]);
      return 0.5 ** (epoch + 1);
    });
    const history = await model.fit(x, y, {
      epochs: 5,
      initialEpoch: 2,
      verbose: 0,
      validationSplit: 0.25,
      callbacks: [scheduler],
    });
    expect(history.epoch).toEqual([2, 3, 4]);
    expect(Object.keys(history.history).sort()).toEqual(["learning_rate", "loss", "val_loss"]);
    expect(history.history.learning_rate).toEqual([0.125, 0.0625, 0.03125]);
    expect(seen).toEqual([
      [2, Math.fround(0.01)],
      [3, 0.125],
      [4, 0.0625],
    ]);
    expect(model.history).toBe(history);
  });

  test("a schedule that returns no number is refused", async () => {
    const scheduler = new LearningRateScheduler(() => undefined as never);
    const run = smallModel().fit(x, y, { verbose: 0, callbacks: [scheduler] });
    await expect(run).rejects.toThrow(/schedule did not return a number/);
  });

  test("says what it sets when asked to", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const scheduler = new LearningRateScheduler(() => 0.5, { verbose: 1 });
    scheduler.setModel(smallModel());
    scheduler.onEpochBegin(3);
    expect(log.mock.calls.flat()).toEqual(["Epoch 4: the learning rate is set to 0.5."]);
  });
});

describe("hooks", () => {
  test("come in order, asynchronous ones are waited for, batches with their logs", async () => {
    const calls: string[] = [];
    const note = (name: string) => async (first: number | Logs) => {
      await Promise.resolve();
      calls.push(typeof first === "number" ? `${name} ${first}` : name);
    };
    const callback = new LambdaCallback({
      onTrainBegin: note("begin"),
      onTrainEnd: note("end"),
      onEpochBegin: note("epoch"),
      onEpochEnd: note("epoch end"),
      onTrainBatchBegin: note("batch"),
      onTrainBatchEnd: note("batch end"),
    });
    await smallModel().fit(x, y, { epochs: 2, batchSize: 8, verbose: 0, callbacks: [callback] });
    const begins = calls.filter((name) => !name.startsWith("batch end"));
    const epoch = (i: number) => [`epoch ${i}`, "batch 0", "batch 1", `epoch end ${i}`];
    expect(begins).toEqual(["begin", ...epoch(0), ...epoch(1), "end"]);
    expect(calls.filter((name) => name.startsWith("batch end"))).toEqual([
      "batch end 0",
      "batch end 1",
      "batch end 0",
      "batch end 1",
    ]);
    expect(calls.indexOf("epoch end 0")).toBeGreaterThan(calls.indexOf("batch end 1"));
  });

  test("stopTraining from a batch ends the epoch", async () => {
    const model = smallModel();
    const callback = new LambdaCallback({
      onEpochEnd: (epoch) => {
        model.stopTraining = epoch === 1;
      },
    });
    const { epoch } = await model.fit(x, y, { epochs: 9, verbose: 0, callbacks: [callback] });
    expect(epoch).toEqual([0, 1]);
  });

  test("an error in a hook ends fit with that error", async () => {
    const callback = new LambdaCallback({
      onTrainBatchEnd: () => {
        throw new Error("mine");
      },
    });
    await expect(smallModel().fit(x, y, { verbose: 0, callbacks: [callback] })).rejects.toThrow("mine");
  });

  test("the list tells who looks at batches, and how often", () => {
    class Slow extends Callback {
      override get pace() {
        return 300;
      }
      override onTrainBatchEnd() {}
    }
    const params = { verbose: 0, epochs: 1, steps: 1 };
    const listOf = (...callbacks: Callback[]) => new CallbackList(callbacks, smallModel(), params);
    expect(listOf(new History()).pace).toBeNull();
    expect(listOf(new History(), new Slow()).pace).toBe(300);
    expect(listOf(new Slow(), new LambdaCallback({ onTrainBatchEnd: () => {} })).pace).toBe(0);
    expect(listOf(new ProgbarLogger()).pace).toBeNull();
    expect(listOf(new Slow()).has("onTrainBatchEnd")).toBe(true);
    expect(listOf(new Slow()).has("onTrainBatchBegin")).toBe(false);
  });

  test("mistakes are told", async () => {
    expect(() => new LambdaCallback({ onEpochsEnd: () => {} } as never)).toThrow(
      /not a hook[\s\S]*onEpochsEnd/,
    );
    expect(() => new LambdaCallback({ onEpochEnd: 3 as never })).toThrow(/not a hook/);
    expect(() => new History().model).toThrow(/History: the callback has no model yet/);
    const run = smallModel().fit(x, y, { verbose: 0, callbacks: [{} as never] });
    await expect(run).rejects.toThrow(/not a callback/);
  });
});

describe("ProgbarLogger", () => {
  const progress = { current: 120, steps: 469, seconds: 1.5, perStep: 0.0124, bar: 20, isFinal: false };

  test.each([
    [progress, { loss: 0.30211 }, "120/469 ━━━━━─────────────── 4s 12ms/step - loss: 0.3021"],
    [
      { ...progress, current: 469, seconds: 65.4, isFinal: true },
      { loss: 0.00012345, accuracy: 1 },
      "469/469 ━━━━━━━━━━━━━━━━━━━━ 1:05 12ms/step - loss: 1.2345e-4 - accuracy: 1.0000",
    ],
    [{ ...progress, bar: 0, current: 7, perStep: 2e-4 }, {}, "  7/469 0s 200us/step"],
    [{ ...progress, steps: null, perStep: 2.6 }, {}, "120/? 2s 3s/step"],
  ])("%j", (given, logs, wanted) => {
    expect(progressText(given, logs as unknown as Logs)).toBe(wanted);
  });

  test("durations", () => {
    expect([0.4, 59, 61, 3599, 7209].map(durationText)).toEqual(["0s", "59s", "1:01", "59:59", "2:00:09"]);
  });

  function fakeTerminal(isInteractive: boolean) {
    const written: string[] = [];
    const terminal: Terminal = {
      isInteractive,
      columns: 60,
      write: (text) => written.push(text),
      line: (text) => written.push(`${text}\n`),
    };
    return { terminal, written };
  }

  function train(callback: ProgbarLogger, verbose: number, paces: readonly number[]): void {
    const clock = vi.spyOn(performance, "now");
    let time = 0;
    clock.mockImplementation(() => time);
    callback.setParams({ verbose, epochs: 2, steps: paces.length });
    callback.onEpochBegin(0);
    paces.forEach((pace, batch) => {
      time += pace;
      callback.onTrainBatchEnd(batch, { loss: 0.5 });
    });
    callback.onEpochEnd(0, { loss: 0.25, val_loss: 0.125 });
  }

  test("a terminal's line moves at most five times a second and ends with the epoch", () => {
    const { terminal, written } = fakeTerminal(true);
    train(new ProgbarLogger({ terminal }), 1, Array<number>(20).fill(50));
    expect(written[0]).toBe("Epoch 1/2\n");
    expect(written.length).toBe(1 + 5 + 1);
    expect(written[1]).toBe("\r 4/20 ━━━━──────────────── 1s 50ms/step - loss: 0.5000");
    expect(written.at(-1)).toMatch(/^\r20\/20 ━{20} 1s 50ms\/step - loss: 0.2500 - val_loss: 0.1250\s*\n$/);
    expect(written.slice(1, -1).every((text) => text.length <= 60)).toBe(true);
  });

  test("other consoles get a line per epoch, and few in long ones", () => {
    const { terminal, written } = fakeTerminal(false);
    train(new ProgbarLogger({ terminal }), 1, Array<number>(20).fill(1100));
    expect(written.map((text) => text.split(" ")[0])).toEqual(["Epoch", "10/20", "20/20", "20/20"]);
  });

  test("verbose 2 gives one plain line per epoch, 0 nothing", () => {
    const plain = fakeTerminal(true);
    train(new ProgbarLogger({ terminal: plain.terminal }), 2, [100, 100, 100]);
    expect(plain.written).toEqual(["Epoch 1/2\n", "3/3 0s 100ms/step - loss: 0.2500 - val_loss: 0.1250\n"]);
    const silent = fakeTerminal(true);
    train(new ProgbarLogger({ terminal: silent.terminal }), 0, [100, 100, 100]);
    expect(silent.written).toEqual([]);
  });

  test("fit shows a line by default", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await smallModel().fit(x, y, { epochs: 2, batchSize: 4, verbose: 2 });
    const lines = log.mock.calls.flat();
    expect(lines[0]).toBe("Epoch 1/2");
    expect(lines[1]).toMatch(/^3\/3 0s \d+(us|ms)\/step - loss: \d/);
    expect(lines.length).toBe(4);
  });
});

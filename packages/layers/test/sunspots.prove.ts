/** @file An LSTM on the monthly sunspots 1749-1983: the next month from the 24 before it, better than the last value. */
import { init, random, reset } from "@tenrec/tensor";
import { afterEach, expect, inject, type TestContext, test } from "vitest";
import { layers, optimizers, Sequential } from "../src/index.ts";
import { forecastWindows, rootMeanSquare, standardized } from "./sunspots.ts";

afterEach(() => reset());

async function loadSunspots(context: TestContext): Promise<number[]> {
  const dataUrl = inject("dataUrl");
  if (dataUrl === "") context.skip("the sunspots file is not on this machine");
  const response = await fetch(new URL(`${dataUrl}/timeseries/monthly-sunspots.csv`, location.href));
  const lines = (await response.text()).trim().split("\n").slice(1);
  return lines.map((line) => Number(line.split(",")[1]));
}

function forecaster(numSteps: number): Sequential {
  random.setRandomSeed(1);
  const model = new Sequential([new layers.LSTM(32), new layers.Dense(1)]);
  const learningRate = new optimizers.schedules.CosineDecay(0.005, numSteps);
  model.compile({ optimizer: new optimizers.Adam({ learningRate }), loss: "mse" });
  return model;
}

test("sunspots: an LSTM beats the last-value baseline on the last fifth of the years", async (context) => {
  const series = await loadSunspots(context);
  await init({ backend: "webgpu" });
  const [steps, epochs, batchSize] = [24, 15, 64];
  // The years are split in order, and scaled by what the first part knows.
  const cut = Math.floor(series.length * 0.8);
  const { values, spread } = standardized(series, cut);
  const train = forecastWindows(values, steps, steps, cut);
  const held = forecastWindows(values, steps, cut, values.length);
  const model = forecaster(epochs * Math.ceil(train.last.length / batchSize));
  const start = performance.now();
  const { history } = await model.fit(train.x, train.y, { epochs, batchSize, verbose: 0 });
  const seconds = (performance.now() - start) / 1000;
  const predicted = await (await model.predict(held.x)).data();
  const errors = {
    model: spread * rootMeanSquare(held.y.data, predicted),
    lastValue: spread * rootMeanSquare(held.y.data, held.last),
  };
  const counts = { months: series.length, train: train.last.length, held: held.last.length };
  console.log(`sunspots: ${JSON.stringify({ ...counts, errors, loss: history.loss, seconds })}`);
  expect(errors.model).toBeLessThan(errors.lastValue);
});

/** @file What random numbers must be on every backend: JAX's, in one sequence inside and outside of compiled functions. */
import { counters } from "@tenrec/kernels/testing";
import { beforeAll, describe, expect, test } from "vitest";
import {
  GradientTape,
  init,
  jit,
  ops,
  placeState,
  random,
  type Tensor,
  tensor,
  Variable,
} from "../src/index.ts";
import { bitsOf, hostKey, splitKey } from "../src/random/key.ts";
import { wrap } from "../src/tensor.ts";
import golden from "./golden/random.json" with { type: "json" };

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data());

/** Largest distance, relative to max(1, |expected|). */
function worst(actual: readonly number[], expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((most, x, i) => {
    const wanted = expected[i] as number;
    return Math.max(most, Math.abs(x - wanted) / Math.max(1, Math.abs(wanted)));
  }, 0);
}

const rounded = (numbers: readonly number[]): number[] => numbers.map(Math.fround);

/** The tests of one backend. `tolerance`: of floats that pass through logarithms and divisions, relative to max(1, |value|). */
export function randomSuite(backend: "cpu" | "webgpu", tolerance: number): void {
  beforeAll(async () => {
    expect((await init({ backend })).backend).toBe(backend);
  });

  describe("numbers of JAX", () => {
    test("bits and [0, 1) exactly, uniform, normal and truncated normal closely", async () => {
      for (const { seed, shape, bits, unit, uniform, normal, truncatedNormal } of golden.draws) {
        expect(await values(wrap(bitsOf(hostKey(seed, 0), shape)))).toEqual(bits);
        expect(await values(random.uniform(shape, { seed }))).toEqual(rounded(unit));
        const scaled = random.uniform(shape, { minval: -0.05, maxval: 0.05, seed });
        expect(worst(await values(scaled), uniform)).toBeLessThanOrEqual(1e-8);
        expect(worst(await values(random.normal(shape, { seed })), normal)).toBeLessThanOrEqual(tolerance);
        const cut = random.truncatedNormal(shape, { seed });
        expect(worst(await values(cut), truncatedNormal)).toBeLessThanOrEqual(tolerance);
      }
    });

    test("splits", async () => {
      for (const { seed, keys } of golden.splitIn3) {
        const [first, second] = splitKey(hostKey(seed, 0));
        const words = [...first.words, ...second.words].map((word) => wrap(word).item());
        expect(await Promise.all(words)).toEqual(keys.slice(0, 2).flat());
      }
    });

    test("integers exactly", async () => {
      for (const { seed, shape, minval, maxval, values: expected } of golden.randint)
        expect(await values(random.randint(shape, minval, maxval, { seed }))).toEqual(expected);
    });

    test("categories, and the Gumbel noise behind them", async () => {
      for (const { seed, logits, samples, gumbel9 } of golden.categorical) {
        const drawn = random.categorical(tensor(Float32Array.from(logits.data), logits), 8, { seed });
        expect([...drawn.shape]).toEqual(samples.shape);
        expect(await values(drawn)).toEqual(samples.data);
        expect(worst(await values(random.gumbel([9], { seed })), gumbel9)).toBeLessThanOrEqual(tolerance);
      }
    });

    test("multivariate normals", async () => {
      for (const { seed, mean, covariance, samples } of golden.multivariateNormal) {
        const matrix = tensor(Float32Array.from(covariance.data), covariance);
        const drawn = random.multivariateNormal(tensor(mean), matrix, { shape: [6], seed });
        expect([...drawn.shape]).toEqual(samples.shape);
        expect(worst(await values(drawn), samples.data)).toBeLessThanOrEqual(4 * tolerance);
      }
    });
  });

  describe("orders of JAX", () => {
    test("permutations, on the host and on the device", async () => {
      for (const { seed, size, order } of golden.permutation) {
        expect(Array.from(random.hostPermutation(seed, size))).toEqual(order);
        expect(await values(random.permutation(size, { seed }))).toEqual(order);
        expect(await values(jit(() => random.permutation(size, { seed }))())).toEqual(order);
        const onDevice = new random.SeedGenerator(seed);
        expect(await values(jit(() => random.permutation(size, { seed: onDevice }))())).toEqual(order);
      }
    });

    test("a long permutation on the device is the host's", async () => {
      const onDevice = new random.SeedGenerator(5);
      const drawn = await values(jit(() => random.permutation(3000, { seed: onDevice }))());
      expect(drawn).toEqual([...random.hostPermutation(5, 3000)]);
    });

    test("shuffles every vector by itself; permutation moves whole rows", async () => {
      for (const { seed, shape, axis, kerasShuffle, jaxPermutation } of golden.shuffleMatrix) {
        const x = ops.reshape(ops.arange(kerasShuffle.length), shape);
        expect(await values(random.shuffle(x, { axis, seed }))).toEqual(kerasShuffle);
        expect(await values(random.permutation(x, { axis, seed }))).toEqual(jaxPermutation);
        const onDevice = new random.SeedGenerator(seed);
        const shuffle = jit((y: Tensor) => random.shuffle(y, { axis, seed: onDevice }));
        expect(await values(shuffle(x))).toEqual(kerasShuffle);
      }
    });
  });

  describe("SeedGenerator", () => {
    test("counts draws, whether eager or compiled, in one sequence", async () => {
      for (const { seed, shape, uniformOfDraw } of golden.seedGenerator) {
        const expected = uniformOfDraw.map(rounded);
        const eager = new random.SeedGenerator(seed);
        for (const draw of expected)
          expect(await values(random.uniform(shape, { seed: eager }))).toEqual(draw);

        const compiled = new random.SeedGenerator(seed);
        const both = jit(() => [
          random.uniform(shape, { seed: compiled }),
          random.uniform(shape, { seed: compiled }),
        ]);
        const draws = await Promise.all(both().map(values));
        expect([...draws, await values(random.uniform(shape, { seed: compiled }))]).toEqual(expected);
      }
    });

    test("goes on after compiled runs, and compiled runs after eager draws", async () => {
      const reference = new random.SeedGenerator(5);
      const draw = (seed: random.SeedGenerator) => random.uniform([4], { seed });
      const expected: number[][] = [];
      for (let i = 0; i < 9; i++) expected.push(await values(draw(reference)));
      const mixed = new random.SeedGenerator(5);
      const compiled = jit(() => draw(mixed));
      const found = [await values(draw(mixed)), await values(draw(mixed))];
      for (let i = 0; i < 3; i++) found.push(await values(compiled()));
      found.push(await values(draw(mixed)), await values(draw(mixed)));
      for (let i = 0; i < 2; i++) found.push(await values(compiled()));
      expect(found).toEqual(expected);
      expect(await values(mixed.state)).toEqual([5, 9]);
    });

    test("state follows the host's count and can be set back", async () => {
      const seed = new random.SeedGenerator(42);
      const first = await values(random.uniform([3], { seed }));
      expect(await values(seed.state)).toEqual([42, 1]);
      seed.state.load(Uint32Array.of(42, 0));
      expect(await values(random.uniform([3], { seed }))).toEqual(first);
      expect(seed.state.trainable).toBe(false);
    });

    test("several generators share one buffer, moved there between runs", async () => {
      const seeds = [new random.SeedGenerator(42), new random.SeedGenerator(0)];
      const step = jit(() => seeds.map((seed) => random.uniform([5], { seed })));
      const run = () => Promise.all(step().map(values));
      const found = [await run()];
      placeState(seeds.map(({ state }) => state));
      found.push(await run(), await run());
      const drawsOf = (seed: number) => golden.seedGenerator.find((row) => row.seed === seed)?.uniformOfDraw;
      for (const [i, seed] of [42, 0].entries()) {
        expect(found.map((draws) => draws[i])).toEqual(drawsOf(seed)?.map(rounded));
        expect(await values((seeds[i] as random.SeedGenerator).state)).toEqual([seed, 3]);
      }
    });

    test("steps write no bytes: programs advance the count themselves", async () => {
      const seed = new random.SeedGenerator(1);
      const step = jit((x: Tensor) => random.dropout(x, 0.5, { seed }));
      const x = ops.ones([64]);
      await values(step(x));
      await values(step(x));
      counters.reset();
      const masks = [step(x), step(x), step(x)];
      expect(counters.read().bytesWritten).toBe(0);
      const seen = await Promise.all(masks.map(values));
      expect(new Set(seen.map((mask) => mask.join())).size).toBe(3);
    });

    test("a loop of eager draws builds its program once", async () => {
      const seed = new random.SeedGenerator(3);
      await values(random.normal([8], { seed }));
      counters.reset();
      for (let i = 0; i < 3; i++) await values(random.normal([8], { seed }));
      expect(counters.read().pipelines).toBe(0);
    });
  });

  describe("seeds", () => {
    test("an integer repeats its numbers, inside of compiled functions too", async () => {
      const draw = () => random.normal([5], { seed: 9 });
      const compiled = jit(draw);
      const first = await values(draw());
      for (const again of [draw(), compiled(), compiled()]) expect(await values(again)).toEqual(first);
    });

    test("setRandomSeed makes everything repeat, and nothing given twice the same", async () => {
      const sequence = async () => {
        random.setRandomSeed(1337);
        const compiled = jit(() => random.uniform([3]));
        const draws = [random.uniform([3]), random.uniform([3]), compiled(), compiled(), random.uniform([3])];
        return [
          ...(await Promise.all(draws.map(values))),
          [random.makeDefaultSeed()],
          [new random.SeedGenerator().seed],
        ];
      };
      const first = await sequence();
      expect(new Set(first.map(String)).size).toBe(first.length);
      expect(await sequence()).toEqual(first);
    });
  });

  describe("dropout", () => {
    test("as Keras's layer: the n-th call has the key [seed, n]", async () => {
      for (const { seed, rate, x, firstCall, secondCall } of golden.dropout) {
        const input = tensor(Float32Array.from(x.data), x);
        const generator = new random.SeedGenerator(seed);
        for (const expected of [firstCall, secondCall]) {
          const found = await values(random.dropout(input, rate, { seed: generator }));
          expect(found.map((value) => value === 0)).toEqual(expected.map((value) => value === 0));
          expect(worst(found, expected)).toBeLessThanOrEqual(tolerance);
        }
      }
    });

    test("the gradient has the mask of the value", async () => {
      const seed = new random.SeedGenerator(11);
      const step = jit((x: Tensor) => {
        const tape = new GradientTape();
        const y = tape.run(() => {
          tape.watch(x);
          return random.dropout(x, 0.25, { seed });
        });
        return [y, tape.gradient(y, x) as Tensor];
      });
      const [y, gradient] = (await Promise.all(step(ops.ones([1000])).map(values))) as [number[], number[]];
      expect(gradient).toEqual(y);
      const kept = y.filter((value) => value !== 0);
      expect(
        worst(
          kept,
          kept.map(() => 1 / 0.75),
        ),
      ).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(kept.length - 750)).toBeLessThan(50);
    });

    test("rate 0 and 1 draw nothing; a noise shape drops slices as a whole", async () => {
      const seed = new random.SeedGenerator(2);
      const x = ops.ones([4, 6]);
      expect(await values(random.dropout(x, 0, { seed }))).toEqual(Array(24).fill(1));
      expect(await values(random.dropout(x, 1, { seed }))).toEqual(Array(24).fill(0));
      const rows = (await random.dropout(x, 0.5, { noiseShape: [null, 1], seed }).array()) as number[][];
      expect(new Set(rows.flat())).toEqual(new Set([0, 2]));
      for (const row of rows) expect(new Set(row).size).toBe(1);
      expect(await values(seed.state)).toEqual([2, 1]);
    });
  });

  describe("distributions", () => {
    test("have their moments", async () => {
      const count = 1 << 16;
      const moments = async (x: Tensor) => {
        const numbers = await values(x);
        const mean = numbers.reduce((sum, value) => sum + value, 0) / count;
        const spread = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
        return {
          mean,
          spread,
          least: Math.min(...numbers.slice(0, 9999)),
          most: Math.max(...numbers.slice(0, 9999)),
        };
      };
      const uniform = await moments(random.uniform([count], { minval: -1, maxval: 3, seed: 1 }));
      expect(uniform.mean).toBeCloseTo(1, 1);
      expect(uniform.spread).toBeCloseTo(16 / 12, 1);
      expect(uniform.least).toBeGreaterThanOrEqual(-1);
      expect(uniform.most).toBeLessThan(3);
      const normal = await moments(random.normal([256, 256], { mean: 2, stddev: 3, seed: 2 }));
      expect(Math.abs(normal.mean - 2)).toBeLessThan(0.05);
      expect(Math.abs(normal.spread - 9)).toBeLessThan(0.2);
      const cut = await moments(random.truncatedNormal([count], { seed: 3 }));
      expect(Math.abs(cut.mean)).toBeLessThan(0.02);
      // Variance of a standard normal within two deviations: 0.87962566^2.
      expect(Math.abs(cut.spread - 0.7737)).toBeLessThan(0.02);
      expect(Math.max(-cut.least, cut.most)).toBeLessThan(2);
      const dice = await moments(random.randint([count], 1, 7, { seed: 4 }));
      expect(Math.abs(dice.mean - 3.5)).toBeLessThan(0.03);
      expect([dice.least, dice.most]).toEqual([1, 6]);
    });

    test("gradients flow through the mean and the standard deviation of a normal", async () => {
      const mean = new Variable(tensor(0.5));
      const stddev = new Variable(tensor(2));
      const tape = new GradientTape();
      const loss = tape.run(() => ops.sum(random.normal([50], { mean, stddev, seed: 6 })));
      const [ofMean, ofStddev] = tape.gradient(loss, [mean, stddev]) as [Tensor, Tensor];
      expect(await ofMean.item()).toBe(50);
      const z = await values(random.normal([50], { seed: 6 }));
      expect(await ofStddev.item()).toBeCloseTo(
        z.reduce((a, b) => a + b, 0),
        3,
      );
    });

    test("bounds may be tensors", async () => {
      const drawn = random.uniform([2, 3], {
        minval: tensor([0, 10, 20]),
        maxval: tensor([1, 11, 21]),
        seed: 1,
      });
      for (const row of (await drawn.array()) as number[][])
        row.forEach((value, i) => {
          expect(Math.floor(value)).toBe(10 * i);
        });
    });
  });
}

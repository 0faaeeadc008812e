/** @file The numbers of every initializer against those of the real Keras on JAX. */
import { init, random } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { initializers, layers } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers } from "./golden/compare.ts";
import golden from "./golden/initializers.json" with { type: "json" };

beforeAll(() => init({ backend }));

interface Case {
  readonly initializer: string;
  readonly config: object;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Issue 2 asks for 1e-6; the values are of order 1 and below. */
const tolerance = { relative: 1e-6, absolute: 1e-6 };
const make = (name: string, config: object) => new initializers[name as "GlorotUniform"](config);

describe.each(golden.cases as Case[])(
  "$initializer $config $shape",
  ({ initializer, config, shape, values }) => {
    test("values", async () => {
      const found = make(initializer, config).apply(shape);
      expect(found.shape).toEqual(shape);
      expectNumbers(await found.data(), values, tolerance);
    });
  },
);

test("a seed generator gives new numbers at each draw", async () => {
  const { seed, initializer, shape, draws } = golden.seedGenerator;
  const drawn = make(initializer, { seed: new random.SeedGenerator(seed) });
  for (const wanted of draws) expectNumbers(await drawn.apply(shape).data(), wanted, tolerance);
});

/** Windows of a short-time Fourier transform are not in this library; Orthogonal is known by its class alone. */
const absent = ["STFT", "Initializer", "Orthogonal"];

describe.each(Object.entries(golden.aliases).filter(([Class]) => !absent.includes(Class)))(
  "%s",
  (Class, aliases) => {
    test.each(aliases.filter((alias) => !alias.endsWith("Initializer")))("is known as %s", (alias) => {
      expect(initializers.getInitializer(alias).constructor).toBe(initializers[Class as "Zeros"]);
    });
  },
);

test("Dense starts with the initializers of Keras", async () => {
  const layer = new layers.Dense(50, { kernelInitializer: new initializers.GlorotUniform({ seed: 3 }) });
  const plain = new layers.Dense(50);
  layer.apply([[1, 2]]);
  plain.apply([[1, 2]]);
  const limit = Math.sqrt(6 / 52);
  const kernel = await plain.weights[0]?.data();
  expect(Math.max(...(kernel as Float32Array).map(Math.abs))).toBeLessThanOrEqual(limit);
  expectNumbers(
    await (layer.weights[0] as NonNullable<(typeof layer.weights)[0]>).data(),
    [...(await new initializers.GlorotUniform({ seed: 3 }).apply([2, 50]).data())],
    { relative: 0, absolute: 0 },
  );
  expect([...(await (plain.bias as NonNullable<typeof plain.bias>).data())]).toEqual(Array(50).fill(0));
});

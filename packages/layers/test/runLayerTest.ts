/** @file runLayerTest: what every layer must do, in one call. */
import { init, ops, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { type Layer, layers, Sequential, utils } from "../src/index.ts";
import { snakeCase } from "../src/naming.ts";
import { sequence } from "./golden/sequence.ts";

export interface LayerTest {
  /** Arguments by name, as in a configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the arguments that come first, each alone. */
  readonly positional?: string | readonly string[];
  /** Batch first. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Shape of each weight by name, in order. */
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** Names of weights that are not trained and move in training all the same. */
  readonly state?: readonly string[];
}

// Layers differ in their constructors; the test names the arguments.
type AnyLayer = new (...args: never[]) => Layer;

function makeFrom(LayerClass: AnyLayer, positional: LayerTest["positional"], config: object): Layer {
  const Made = LayerClass as unknown as new (...args: unknown[]) => Layer;
  const first = positional === undefined ? [] : [positional].flat();
  const rest = Object.entries(config).filter(([name]) => !first.includes(name));
  const given = config as Record<string, unknown>;
  return new Made(...first.map((name) => given[name as string]), Object.fromEntries(rest));
}

/**
 * Registers tests of construction, shapes, weights, configuration and training.
 * @example
 * runLayerTest(layers.Flatten, { config: {}, inputShape: [4, 2, 3], outputShape: [4, 6] });
 */
export function runLayerTest(
  LayerClass: AnyLayer & { readonly className: string },
  options: LayerTest,
): void {
  const { config, positional, inputShape, outputShape, weights = {}, state = [] } = options;
  const make = (extra: object = {}) => makeFrom(LayerClass, positional, { ...config, ...extra });
  const input = () => tensor({ data: sequence(inputShape, 71), shape: inputShape });

  describe(`${LayerClass.className} ${JSON.stringify(config)}`, () => {
    beforeAll(() => init({ backend: "cpu" }));

    test("construction: names, flags, nothing built", () => {
      const layer = make();
      expect(layer.name).toMatch(new RegExp(`^${snakeCase(LayerClass.className)}(_\\d+)?$`));
      expect(layer.className).toBe(LayerClass.className);
      expect(make({ name: "mine", trainable: false })).toMatchObject({ name: "mine", trainable: false });
      expect(layer.weights).toEqual([]);
    });

    test("shapes, for any number of samples", () => {
      const layer = make();
      expect(layer.apply(input()).shape).toEqual(outputShape);
      const one = layer.apply(ops.zeros([1, ...inputShape.slice(1)]), { training: true });
      expect(one.shape).toEqual([1, ...outputShape.slice(1)]);
      expect(layer.outputShape).toEqual([null, ...outputShape.slice(1)]);
    });

    test("weights: names, shapes, number", () => {
      const layer = make();
      layer.apply(input());
      const found = Object.fromEntries(layer.weights.map(({ name, shape }) => [name, [...shape]]));
      expect(found).toEqual(weights);
      const sizes = Object.values(weights).map((shape) =>
        shape.reduce((product, extent) => product * extent, 1),
      );
      expect(layer.countParams()).toBe(sizes.reduce((sum, size) => sum + size, 0));
    });

    test("the configuration survives JSON and makes an equal layer", async () => {
      const layer = make();
      const saved = JSON.parse(JSON.stringify(layer.getConfig()));
      expect(saved).toMatchObject(config);
      const again = makeFrom(LayerClass, positional, saved);
      expect(again.getConfig()).toEqual(layer.getConfig());
      const y = layer.apply(input());
      again.apply(input());
      for (const [i, weight] of layer.weights.entries()) again.weights[i]?.assign(weight);
      expect(await again.apply(input()).data()).toEqual(await y.data());
    });

    test("trains: the loss falls, trainable weights move, others stay", async () => {
      utils.setRandomSeed(1);
      const layer = make();
      const model = new Sequential([layer, new layers.Flatten(), new layers.Dense(1)]);
      model.build([null, ...inputShape.slice(1)]);
      model.compile({ optimizer: "adam", loss: "mse" });
      const x = { data: sequence(inputShape, 72), shape: inputShape };
      const y = { data: sequence([inputShape[0] as number, 1], 73), shape: [inputShape[0] as number, 1] };
      const before = await model.getWeights();
      await model.trainOnBatch(x, y);
      const after = await model.getWeights();
      for (const [i, variable] of model.weights.entries()) {
        if (!layer.weights.includes(variable)) continue;
        expect([variable.name, after[i] !== undefined && !equal(before[i], after[i])]).toEqual([
          variable.name,
          variable.trainable || state.includes(variable.name),
        ]);
      }
      const { loss: first } = await model.evaluate(x, y);
      for (let step = 0; step < 20; step++) await model.trainOnBatch(x, y);
      const { loss: last } = await model.evaluate(x, y);
      expect(last).toBeLessThan(first as number);
    });
  });
}

const equal = (a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean =>
  a !== undefined && b !== undefined && Array.from(a).every((value, i) => value === b[i]);

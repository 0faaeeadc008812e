/** A Project survives its link, and nothing that is not a Project gets in. */
import { describe, expect, test } from "vitest";
import { defaultProject } from "../src/project/defaults.ts";
import { limits, refusal } from "../src/project/limits.ts";
import { differences, fromDifferences, fromFragment, toFragment } from "../src/project/link.ts";
import {
  activations,
  dataSets,
  type LayerSpec,
  optimizerNames,
  type Project,
  patched,
  speeds,
} from "../src/project/project.ts";
import { freshLayer, kindsFor, stackFault, withLayer } from "../src/project/stack.ts";
import { ProjectError, readProject } from "../src/project/validate.ts";
import { randomSource } from "../src/worker/random.ts";

function randomProject(seed: number): Project {
  const next = randomSource(seed);
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(next() * choices.length)] as T;
  const whole = (most: number) => 1 + Math.floor(next() * most);
  const sized = (spec: LayerSpec): LayerSpec => ({
    ...spec,
    ...("units" in spec && { units: whole(256) }),
    ...("filters" in spec && { filters: whole(64), kernel: whole(5) }),
    ...("activation" in spec && { activation: pick(activations) }),
    ...("rate" in spec && { rate: Math.round(next() * 9) / 10 }),
  });
  const set = pick(dataSets);
  const first: readonly LayerSpec[] = set === "text" ? [freshLayer("embedding")] : [];
  const layers = Array.from({ length: Math.floor(next() * 8) }).reduce<readonly LayerSpec[]>(
    (stack) => withLayer(set, stack, sized(freshLayer(pick(kindsFor(set)))))[0],
    first,
  );
  return patched(defaultProject(set), {
    data: { samples: 20 + whole(1000), noise: next() / 2, seed: whole(1e6), window: 7 + whole(100) },
    model: { layers, seed: whole(1e6) },
    train: {
      optimizer: pick(optimizerNames),
      learningRate: next() + 1e-4,
      batchSize: whole(512),
      speed: pick(speeds),
    },
    view: {
      showValidation: next() < 0.5,
      smoothing: next() * 0.9,
      prompt: pick(["", "And now, ", "빛 \n<b>"]),
      temperature: 0.1 + next(),
      sampleEvery: 10 + whole(900),
    },
  });
}

test("200 random projects come back from their links unchanged", async () => {
  for (let seed = 0; seed < 200; seed++) {
    const project = randomProject(seed);
    expect(await fromFragment(await toFragment(project))).toEqual(project);
  }
});

test("defaults cost nothing in the address", async () => {
  expect(await toFragment(defaultProject("spiral"))).toBe("");
  expect(differences(defaultProject("digits"))).toEqual({ v: 1, set: "digits" });
  expect((await toFragment(randomProject(3))).length).toBeLessThan(700);
});

test("a fragment of something else carries no project", async () => {
  expect(await fromFragment("")).toBeUndefined();
  expect(await fromFragment("#result")).toBeUndefined();
  await expect(fromFragment("#s=1.AAAA")).rejects.toThrow();
});

describe("readProject", () => {
  const valid = defaultProject("spiral");

  test.each([
    ["v", { ...valid, v: 2 }],
    ["data.set", { ...valid, data: { ...valid.data, set: "cats" } }],
    ["data.samples", { ...valid, data: { ...valid.data, samples: 1e9 } }],
    ["train.learningRate", { ...valid, train: { ...valid.train, learningRate: Number.NaN } }],
    ["train.batchSize", { ...valid, train: { ...valid.train, batchSize: 1.5 } }],
    [
      "model.layers[0].units",
      { ...valid, model: { ...valid.model, layers: [{ kind: "dense", units: 0, activation: "relu" }] } },
    ],
    ["model.layers[0].kind", { ...valid, model: { ...valid.model, layers: [{ kind: "convolution" }] } }],
    [
      "model.layers",
      { ...valid, model: { ...valid.model, layers: Array(9).fill({ kind: "dropout", rate: 0.1 }) } },
    ],
    ["view.prompt", { ...valid, view: { ...valid.view, prompt: "x".repeat(201) } }],
    ["model.layers", { ...valid, model: { ...valid.model, layers: [{ kind: "pool", size: 2 }] } }],
    ["model.layers", { ...defaultProject("text"), model: { layers: [{ kind: "gru", units: 8 }], seed: 1 } }],
    ["project", null],
  ])("names %s", (path, value) => {
    const read = () => readProject(value);
    expect(read).toThrow(ProjectError);
    expect(read).toThrow(`project: ${path} is not valid.`);
  });

  test("the task follows from the data set, whatever the link says", () => {
    expect(readProject({ ...defaultProject("digits"), task: "points" }).task).toBe("images");
    expect(fromDifferences({ v: 1, set: "moons" }).data.set).toBe("moons");
  });
});

describe("stacks", () => {
  const [conv, pool, dense] = [freshLayer("conv"), freshLayer("pool"), freshLayer("dense")];

  test("pictures are convolved before the first dense layer", () => {
    expect(stackFault("pictures", [conv, pool, dense])).toBeUndefined();
    expect(stackFault("pictures", [dense, conv])).toMatch(/before the first dense layer/);
    expect(withLayer("pictures", [conv, dense], pool)).toEqual([[conv, pool, dense], 1]);
    expect(withLayer("pictures", [dense], pool)).toEqual([[pool, dense], 0]);
  });

  test("a text stack begins with its only embedding", () => {
    const embedding = freshLayer("embedding");
    expect(stackFault("text", [embedding, freshLayer("attention")])).toBeUndefined();
    expect(stackFault("text", [])).toMatch(/embedding first/);
    expect(stackFault("text", [embedding, embedding])).toMatch(/layers of the kinds/);
    expect(stackFault("digits", [conv])).toMatch(/layers of the kinds/);
  });
});

test("numbers are refused with a reason", () => {
  expect(refusal(Number.NaN, limits.units)).toBe("error.number");
  expect(refusal(2.5, limits.units)).toBe("error.whole");
  expect(refusal(257, limits.units)).toBe("error.range");
  expect(refusal(256, limits.units)).toBeUndefined();
});

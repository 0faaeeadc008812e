/** @file Tuning without a device: what a compilation leaves open, and which candidate figures choose. */
import { type Call, type KernelTimer, type Target, tunedTarget } from "@tenrec/kernels";
import { describe, expect, test } from "vitest";
import { gemmParts, gemmTile } from "../../kernels/src/templates/gemmTile.ts";
import type { Node } from "../src/graph/node.ts";
import { add } from "../src/primitives/arithmetic.ts";
import { matmul } from "../src/primitives/contraction.ts";
import { lstmSequence } from "../src/primitives/lstm.ts";
import { sum } from "../src/primitives/reduce.ts";
import { init, reset } from "../src/runtime/runtime.ts";
import { tensor } from "../src/tensor.ts";
import { fastest, Measurement } from "../src/tuning/measure.ts";
import { kernelProblems, Survey } from "../src/tuning/survey.ts";
import { loadTuning, saveTuning, tune } from "../src/tuning/tune.ts";
import { callsOf, compileGraph, gpuLike, input, keysOf } from "./planHarness.ts";

const hardware = gpuLike({
  software: false,
  narrowRow: 32,
  gemmTile: (m, n, k) => gemmTile(false, m, n, k),
  gemmParts: (batch, m, n, k) => gemmParts(false, batch, m, n, k),
});

/** A product of few outputs and a long k, and a row reduction. */
function graph(): { leaves: Node[]; roots: Node[] } {
  const [a, b, x] = [input([64, 4096]), input([4096, 64]), input([100, 48])] as const;
  return { leaves: [a, b, x], roots: [add(matmul(a, b), matmul(a, b)), sum(x, [1])] };
}

function compileFor(target: Target) {
  const { leaves, roots } = graph();
  return compileGraph(leaves, roots, target);
}

function surveyOf(base: Target): Survey {
  const survey = new Survey(base);
  compileFor({ ...base, watch: survey.watch });
  return survey;
}

/** Figures by label instead of a clock. */
function timerOf(milliseconds: (call: Call) => number): KernelTimer & { readonly compared: Call[][] } {
  const compared: Call[][] = [];
  return {
    identity: "figures",
    clock: "wall time",
    compared,
    compare: (calls) => {
      compared.push([...calls]);
      return Promise.resolve(calls.map(milliseconds));
    },
  };
}

describe("a survey", () => {
  test("has a plan for each split, and all forms of each kernel with a dispatch of its own", () => {
    const survey = surveyOf(hardware);
    expect(survey.plans.length).toBe(1);
    const [split, ...more] = survey.graphProblems;
    expect(more).toEqual([]);
    expect(split?.problem).toBe("split 1x64x64x4096");
    expect([...(split?.plans.keys() ?? [])]).toEqual(["16", "1", "4", "8", "32"]);
    const problems = kernelProblems(survey.plans[0] as never, hardware).map(({ problem }) =>
      problem.slice(0, -17),
    );
    expect(problems).toEqual(["gemm nn 16x64x64x256", "rows 100 of 48", "rows 4096 of 16"]);
  });
});

test("a recurrent layer is surveyed as one kernel and step by step", () => {
  const [z, wh, h0] = [input([3, 5, 32]), input([8, 32]), input([3, 8])] as const;
  const { H } = lstmSequence({ z, wh, h0, c0: h0, mask: null });
  const survey = new Survey(hardware);
  compileGraph([z, wh, h0], [H], { ...hardware, watch: survey.watch });
  const [sequence] = survey.graphProblems;
  expect(sequence?.problem).toBe("sequence forward 4x8 3x5");
  const kinds = [...(sequence?.plans ?? [])].map(([name, [plan]]) => [
    name,
    plan?.steps.some(({ kind }) => kind === "repeat"),
  ]);
  expect(kinds).toEqual([
    ["whole", false],
    ["steps", true],
  ]);
});

describe("measuring", () => {
  test("takes the fastest, and the heuristics' unless another is clearly faster", () => {
    expect(fastest({ own: 1, a: 0.5, b: 0.4 }, "own")).toBe("b");
    expect(fastest({ 16: 1, 1: 0.99 }, "16")).toBe("16");
    expect(fastest({ own: Number.POSITIVE_INFINITY, a: 7 }, "own")).toBe("a");
  });

  test("leads to the kernels that figures favour", async () => {
    const survey = surveyOf(hardware);
    const likesLarge = ({ kernel, workgroups }: Call): number =>
      kernel.form === "gemm" ? workgroups : kernel.label.includes("thread") ? 1 : 2;
    const timer = timerOf(likesLarge);
    const measurement = new Measurement(timer, new Map());
    await measurement.run(survey);
    const choices = new Map([...measurement.records].map(([problem, { choice }]) => [problem, choice]));
    expect(choices.get("split 1x64x64x4096")).toBe("1");
    const kernels = callsOf(compileFor(tunedTarget(hardware, choices))).flatMap(({ kernel }) =>
      kernel.label.split("|"),
    );
    expect(kernels.some((label) => label.startsWith("gemm_f32_nn_64x64x16"))).toBe(true);
    expect(kernels.some((label) => label.startsWith("loop_thread_x4+sum"))).toBe(true);
  });

  test("leaves out what is known, unless it names no candidate", async () => {
    const first = new Measurement(
      timerOf(() => 1),
      new Map(),
    );
    await first.run(surveyOf(hardware));
    const timer = timerOf(() => 1);
    const [problem] = [...first.records.keys()].filter((each) => each.startsWith("rows 100"));
    const known = new Map(first.records).set(problem as string, { choice: "broken", milliseconds: 1 });
    const second = new Measurement(timer, known);
    await second.run(surveyOf(hardware));
    expect(timer.compared.length).toBe(1);
    expect([...second.records.keys()]).toEqual([problem]);
    expect(second.choices.map(({ choice }) => choice)).toEqual(first.choices.map(({ choice }) => choice));
  });
});

test("a smaller batch takes over what was measured for the full one: no pipeline more", () => {
  const rowsOf = (batch: number, target: Target, like?: ReturnType<typeof compileGraph>) => {
    const x = input([batch, 48]);
    return compileGraph([x], [sum(x, [1])], target, like ? { like } : {});
  };
  const survey = new Survey(hardware);
  rowsOf(64, { ...hardware, watch: survey.watch });
  const [rows] = survey.plans.flatMap((plan) => kernelProblems(plan, hardware));
  const tuned = tunedTarget(hardware, new Map([[rows?.problem as string, "workgroup of 256"]]));
  const full = rowsOf(64, tuned);
  expect(callsOf(full).map(({ kernel }) => (kernel as { workgroupSize?: number }).workgroupSize)).toEqual([
    256,
  ]);
  expect(keysOf(rowsOf(32, tuned, full))).toEqual(keysOf(full));
  expect(keysOf(rowsOf(32, tuned))).not.toEqual(keysOf(full));
});

describe("on the cpu", () => {
  test("nothing is measured, and the run takes effect", async () => {
    await init({ backend: "cpu" });
    const x = tensor([1, 2, 3]);
    const report = await tune(() => x.mul(2));
    expect(report).toMatchObject({ clock: null, choices: [], lasting: false });
    expect(report.notice).toMatch(/cpu/);
    expect(await loadTuning(await saveTuning())).toBe(0);
    await reset();
  });
});

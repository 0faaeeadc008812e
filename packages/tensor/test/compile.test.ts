/** @file What fusion makes of common graphs for a GPU, counted in kernels. */
import { expect, describe as suite, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import { type Compiled, describe } from "../src/compile/compile.ts";
import type { Node } from "../src/graph/node.ts";
import { handleFree } from "../src/jit.ts";
import { relu } from "../src/primitives/activations.ts";
import { add, div, mul, neg, square, sub } from "../src/primitives/arithmetic.ts";
import { matmul } from "../src/primitives/contraction.ts";
import { exp, rsqrt, sqrt, tanh } from "../src/primitives/math.ts";
import { concat, reshape, transpose } from "../src/primitives/movement.ts";
import { max, mean, sum } from "../src/primitives/reduce.ts";
import { softmax } from "../src/primitives/softmax.ts";
import { constant } from "../src/primitives/source.ts";
import { TracedFunction } from "../src/runtime/compiled.ts";
import { Tensor } from "../src/tensor.ts";
import { MlpTraining, mnistSizes } from "./mlpStep.ts";
import { callsOf, compileGraph, compileTrace, gpuLike, input, keysOf } from "./planHarness.ts";

const count = (leaves: readonly Node[], roots: readonly Node[], maxBindings = 10): number =>
  callsOf(compileGraph(leaves, roots, gpuLike({ maxBindings }))).length;

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

function gradientsOf(loss: Node, sources: readonly Node[]): Node[] {
  const found = vjp([loss], [constant(1)], sources, everything);
  return found.filter((node) => node !== null);
}

suite("one kernel for", () => {
  const x = input([64, 32]);
  const y = input([64, 32]);

  test("a chain of elementwise operations", () => {
    expect(count([x, y], [tanh(add(mul(x, y), exp(neg(x))))])).toBe(1);
  });
  test("several results of one chain", () => {
    const z = mul(x, y);
    expect(count([x, y], [tanh(z), exp(z), z])).toBe(1);
  });
  test("softmax", () => {
    expect(count([x], [softmax(x, [1])])).toBe(1);
  });
  test("normalization of rows with scale and shift", () => {
    const [gamma, beta] = [input([32]), input([32])];
    const centred = sub(x, mean(x, [1], true));
    const normal = mul(centred, rsqrt(add(mean(square(centred), [1], true), constant(1e-3))));
    expect(count([x, gamma, beta], [add(mul(normal, gamma), beta)])).toBe(1);
  });
  test("a sum over an elementwise value, and arithmetic after it", () => {
    expect(count([x, y], [sqrt(sum(square(sub(x, y)), [0, 1]))])).toBe(1);
  });
  test("matmul, bias and relu", () => {
    const [w, b] = [input([32, 16]), input([16])];
    expect(count([x, w, b], [relu(add(matmul(x, w), b))])).toBe(1);
  });
  test("matmul of a transposed view", () => {
    expect(count([x, y], [matmul(transpose(x, [1, 0]), y)])).toBe(1);
  });
  test("dW and db", () => {
    const [w, b, dz] = [input([32, 16]), input([16]), input([64, 16])];
    expect(count([x, dz], [matmul(x, dz, { transposeA: true }), sum(dz, [0])])).toBe(1);
    const z = add(matmul(x, w), b);
    const loss = sum(mul(tanh(z), dz), [0, 1]);
    // The forward contraction with dz in its epilogue, then dW and db together.
    expect(count([x, w, b, dz], gradientsOf(loss, [w, b]))).toBe(2);
  });
  test("two independent contractions, side by side", () => {
    const [a, b] = [input([32, 16]), input([48, 24])];
    const [c, d] = [input([16, 8]), input([24, 8])];
    expect(count([a, b, c, d], [matmul(a, c), matmul(b, d)])).toBe(1);
  });
});

suite("an optimizer over an arena", () => {
  test.each([1, 4, 9])("updates %i parameters and their moments in one kernel", (numParameters) => {
    const training = new MlpTraining({ rows: 8, features: 5, units: 7, classes: 3 }, false);
    const parameters = training.parameters.slice(0, Math.min(4, numParameters));
    const moments = training.moments.slice(0, parameters.length);
    const gradients = parameters.map(({ shape }) => ({ shape, dtype: "float32" as const }));
    const traced = new TracedFunction("update", gradients, (found) =>
      handleFree(() => {
        parameters.forEach((parameter, i) => {
          const m = moments[i];
          const next = m?.mul(0.9).add(new Tensor(found[i] as Node).mul(0.1)) as Tensor;
          m?.assign(next);
          parameter.assignSub(next.mul(0.01));
        });
        return [];
      }),
    );
    const arenas = [parameters, moments].map((list) => list.map(({ state }) => state));
    const compiled = compileTrace(traced, { arenas, state: [] });
    // Gradients that come from outside lie in buffers of their own, so here only the parameters' own kernels can be flat.
    expect(callsOf(compiled).length).toBeLessThanOrEqual(parameters.length);
  });

  test("is one kernel where the gradients are computed along", () => {
    const compiled = traceStep(128, false);
    const updates = callsOf(compiled).filter(
      ({ kernel, bindings }) => kernel.form === "loop" && bindings.some(({ buffer }) => buffer === 3),
    );
    expect(updates.length).toBe(1);
  });
});

function traceStep(batch: number, weighted: boolean, like?: Compiled) {
  const { rows, features } = mnistSizes;
  const training = new MlpTraining(mnistSizes, weighted);
  const signatures = [
    { shape: [rows, features], dtype: "float32" as const },
    { shape: [rows], dtype: "int32" as const },
    { shape: [rows], dtype: "float32" as const },
  ];
  const traced = new TracedFunction("train", signatures, (inputs) =>
    handleFree(() => {
      const [x, y, weights] = inputs.map((node) => new Tensor(node)) as [Tensor, Tensor, Tensor];
      training.run(x, y, weights, batch);
      return [];
    }),
  );
  const { parameters, moments, velocities } = training;
  const arenas = [parameters, moments, velocities].map((list) => list.map(({ state }) => state));
  const placing = { arenas, state: training.state.map(({ state }) => state) };
  return compileTrace(traced, placing, like ? { like } : {});
}

suite("a whole training step (gather, forward, loss, backward, metrics, Adam)", () => {
  test.each([
    ["without", false],
    ["with", true],
  ])("%s sample weights is at most 8 kernels", (_, weighted) => {
    const compiled = traceStep(128, weighted);
    expect(callsOf(compiled).length, describe(compiled)).toBeLessThanOrEqual(8);
    expect(compiled.plan.copies).toEqual([]);
  });
  const addedBy = (tail: number): string[] => {
    const full = traceStep(128, false);
    const known = new Set(keysOf(full));
    const added = callsOf(traceStep(tail, false, full)).filter(({ key }) => !known.has(key));
    return added.map(({ kernel }) => kernel.label);
  };
  test.each([104, 96, 64, 33, 8, 7])(
    "a tail batch of %i builds no pipeline that the full batch lacks",
    (tail) => {
      expect(addedBy(tail)).toEqual([]);
    },
  );
});

suite("limits", () => {
  test.each([8, 10])("no kernel has more than %i storage bindings", (maxBindings) => {
    const leaves = Array.from({ length: 24 }, () => input([16, 4]));
    const total = leaves.reduce((a, b) => add(a, tanh(b)));
    const compiled = compileGraph(leaves, [total, concat(leaves, 0)], gpuLike({ maxBindings }));
    const counts = callsOf(compiled).map(({ kernel }) => kernel.bindings.length);
    expect(Math.max(...counts)).toBeLessThanOrEqual(maxBindings);
  });
  test.each([8, 10])("independent scalars share kernels of at most %i bindings", (maxBindings) => {
    const leaves = Array.from({ length: 24 }, () => input([]));
    const compiled = compileGraph(
      leaves,
      leaves.map((leaf) => add(leaf, constant(1))),
      gpuLike({ maxBindings }),
    );
    expect(Math.max(...callsOf(compiled).map(({ kernel }) => kernel.bindings.length))).toBeLessThanOrEqual(
      maxBindings,
    );
  });
  test.each([8])("epilogues of contractions keep to %i bindings", (maxBindings) => {
    const [a, b] = [input([32, 16]), input([16, 24])];
    const leaves = Array.from({ length: 12 }, () => input([32, 24]));
    const total = leaves.reduce((x, y) => add(x, mul(y, y)), matmul(a, b));
    const compiled = compileGraph([a, b, ...leaves], [total], gpuLike({ maxBindings }));
    expect(Math.max(...callsOf(compiled).map(({ kernel }) => kernel.bindings.length))).toBeLessThanOrEqual(
      maxBindings,
    );
  });
});

suite("long reductions", () => {
  test.each([
    ["sum", (x: Node) => sum(x, [0])],
    ["max", (x: Node) => max(x, [0])],
  ])("%s of 100,000 elements takes two passes", (_, reduce) => {
    const x = input([100_000]);
    expect(count([x], [reduce(x)])).toBe(2);
  });
  test("a sum of a long matrix takes two passes", () => {
    const x = input([3000, 40]);
    expect(count([x], [sum(x, [0, 1])])).toBe(2);
  });
});

suite("structure", () => {
  const dense = (batch: number): string[] => {
    const [x, w, b] = [input([batch, 64]), input([64, 32]), input([32])];
    return keysOf(compileGraph([x, w, b], [mean(square(tanh(add(matmul(x, w), b))), [0, 1])]));
  };
  test("equal structures have equal keys, whatever the batch", () => {
    expect(dense(104)).toEqual(dense(128));
  });
  test("no operation of the graph is left out or done twice without fusion", () => {
    const x = input([8, 8]);
    const graph = () => [tanh(add(mul(x, x), reshape(exp(x), [8, 8])))];
    expect(callsOf(compileGraph([x], graph(), gpuLike(), { fuse: false, sideBySide: false })).length).toBe(4);
    expect(callsOf(compileGraph([x], graph())).length).toBe(1);
  });
  test("equal subexpressions are computed once", () => {
    const [x, y] = [input([8, 8]), input([8, 8])];
    const [compiled] = [compileGraph([x, y], [matmul(div(x, y), y), neg(matmul(div(x, y), y))])];
    expect(callsOf(compiled).filter(({ kernel }) => kernel.form === "gemm").length).toBe(1);
  });
});

/** @file Fused attention, compiled for GPUs of silicon or for the cpu backend: values and gradients against the interpreter. */
import { type Device, openDevice, type Target } from "@tenrec/kernels";
import { beforeAll, describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import { bytesOf, type Node, type RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { attention } from "../src/primitives/attention.ts";
import { randomBits } from "../src/primitives/source.ts";
import { scalarAt } from "../src/random/key.ts";
import { typed } from "../src/runtime/host.ts";
import { callsOf, compileGraph, gpuLike, input } from "./planHarness.ts";
import { booleans, uniform, values } from "./samplesInputs.ts";

interface Case {
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly causal?: boolean;
  readonly bias?: readonly number[];
  readonly mask?: readonly number[];
  readonly rate?: number;
  readonly emptyZero?: boolean;
  /** Kernels of the forward pass and the first gradients on a GPU. */
  readonly kernels: readonly string[];
}

const [forward, queries, keys, bias] = [
  "attentionForward",
  "attentionQueries",
  "attentionKeys",
  "attentionBias",
];
const always = [forward, queries, keys] as const;

const cases: readonly Case[] = [
  { time: 70, source: 70, heads: 2, kvHeads: 2, causal: true, kernels: always },
  { time: 5, source: 67, heads: 4, kvHeads: 2, mask: [2, 1, 1, 67], rate: 0.2, kernels: always },
  {
    time: 66,
    source: 66,
    heads: 2,
    kvHeads: 1,
    causal: true,
    mask: [2, 1, 66, 66],
    rate: 0.4,
    emptyZero: true,
    kernels: always,
  },
  { time: 9, source: 65, heads: 2, kvHeads: 2, bias: [2, 9, 65], kernels: [...always, bias] as string[] },
  {
    time: 9,
    source: 65,
    heads: 2,
    kvHeads: 2,
    bias: [65],
    mask: [9, 65],
    kernels: [...always, bias] as string[],
  },
];

/** Of a GPU; a processor computes all gradients at once, as WebAssembly. */
function expectedKernels({ name, webAssembly }: Target, { kernels, bias }: Case): string[] {
  if (name !== "cpu") return [...kernels].sort();
  return webAssembly ? [forward, bias ? "attentionGradientBiased" : "attentionGradient"] : [];
}

const titleOf = (spec: Case): string =>
  Object.entries(spec)
    .flatMap(([name, value]) => (name === "kernels" ? [] : [`${name} ${String(value)}`]))
    .join(", ");

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** The output, its gradients under the last leaf, and with `second` the gradients of the sum of these under themselves' leaves. */
function graphOf(spec: Case, leaves: readonly Node[], second: boolean): Node[] {
  const { time, source, heads, causal = false, rate = 0, emptyZero = false } = spec;
  const [q, k, v, g, key, ...optional] = leaves as [Node, Node, Node, Node, Node, ...Node[]];
  const added = spec.bias ? (optional[0] as Node) : null;
  const mask = spec.mask ? (optional.at(-1) as Node) : null;
  const words = [scalarAt(key, [0]), scalarAt(key, [1])] as const;
  const bits = rate > 0 ? randomBits(...words, [2, heads, time, source]) : null;
  const output = attention({ q, k, v, bias: added, mask, bits }, { scale: 0.4, causal, rate, emptyZero });
  const inputs = added ? [q, k, v, added] : [q, k, v];
  const first = vjp([output], [g], inputs, everything) as Node[];
  if (!second) return [output, ...first];
  const again = vjp(first, inputs, inputs, everything) as Node[];
  return [output, ...first, ...again];
}

function inputsOf({ time, source, heads, kvHeads, bias, mask }: Case): RefArray[] {
  const [depth, width] = [8, 12];
  return [
    uniform([2, time, heads, depth], -1, 1, 1),
    uniform([2, source, kvHeads, depth], -1, 1, 2),
    uniform([2, source, kvHeads, width], -1, 1, 3),
    uniform([2, time, heads, width], -1, 1, 4),
    values([2], [3, 5], "uint32"),
    ...(bias ? [uniform(bias, -1, 1, 5)] : []),
    ...(mask ? [booleans(mask)] : []),
  ];
}

function relativeError(found: ArrayLike<number>, { data }: RefArray): number {
  let [error, scale] = [0, 1e-30];
  for (const [i, value] of data.entries()) {
    error = Math.max(error, Math.abs((found[i] as number) - value));
    scale = Math.max(scale, Math.abs(value));
  }
  return error / scale;
}

async function run(device: Device, spec: Case, second: boolean) {
  const given = inputsOf(spec);
  const leaves = given.map(({ shape, dtype }) => input(shape, dtype));
  const roots = graphOf(spec, leaves, second);
  const target = device.target.name === "cpu" ? device.target : gpuLike({ software: false, narrowRow: 32 });
  const compiled = compileGraph(leaves, roots, target);
  const externals = given.map(({ dtype, data }) => {
    const words = typed(dtype, data);
    const buffer = device.alloc(words.byteLength, "external");
    device.write(buffer, 0, words);
    return buffer;
  });
  const results = roots.map((root) => device.alloc(bytesOf(root), "result"));
  const program = device.build(compiled.plan);
  await program.ready;
  device.run(program, externals, results, new Uint32Array(0));
  const found = await Promise.all(
    roots.map(async (root, i) => new Float32Array(await device.read(results[i] as never, 0, bytesOf(root)))),
  );
  program.dispose();
  for (const buffer of [...externals, ...results]) device.free(buffer);
  const known = new Map(leaves.map((leaf, i) => [leaf, given[i] as RefArray]));
  const expected = interpret(roots, (node) => known.get(node) ?? null);
  const errors = expected.map((value, i) => relativeError(found[i] as Float32Array, value));
  return { error: Math.max(...errors), labels: callsOf(compiled).map(({ kernel }) => kernel.label) };
}

export function attentionTargets(backend: "cpu" | "webgpu"): void {
  describe(`fused attention on ${backend}`, () => {
    let device: Device;
    beforeAll(async () => {
      device = (await openDevice({ backend })).device;
    });
    test.each(cases.map((spec) => [titleOf(spec), spec] as const))("%s", async (_, spec) => {
      const { error, labels } = await run(device, spec, false);
      const found = labels.flatMap((label) => /^attention\w+?(?=_|$)/.exec(label)?.[0] ?? []);
      expect([...found].sort()).toEqual(expectedKernels(device.target, spec));
      expect(error).toBeLessThan(1e-5);
    });
    test("to second order, by the decomposition", async () => {
      const { error } = await run(device, cases[4] as Case, true);
      expect(error).toBeLessThan(1e-5);
    });
  });
}

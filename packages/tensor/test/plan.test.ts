/** @file Random graphs as plans, run call by call on the cpu device with dead slots poisoned, against values computed eagerly. */
import {
  type Call,
  type Device,
  type DeviceBuffer,
  type Kernel,
  type Plan,
  verifyPlan,
} from "@tenrec/kernels";
import { beforeAll, describe, expect, test } from "vitest";
import { openCpu } from "../../kernels/src/cpu/device.ts";
import { compile } from "../src/compile/compile.ts";
import { bytesOf, type Node } from "../src/graph/node.ts";
import { handleFree } from "../src/jit.ts";
import type { Memory } from "../src/runtime/memory.ts";
import { Tensor } from "../src/tensor.ts";
import { bounded, Dice, numbers, randomStep, sizeOf } from "./fuzzOps.ts";
import type { Value } from "./fuzzOracle.ts";
import * as oracle from "./fuzzOracle.ts";
import { gpuLike, input } from "./planHarness.ts";

let device: Device;
beforeAll(async () => {
  device = await openCpu();
});

interface Graph {
  readonly leaves: readonly Node[];
  readonly values: readonly Float32Array[];
  /** Results that are copied out. */
  readonly outputs: readonly { readonly node: Node; readonly value: Value }[];
  /** New values of leaves, written in place. */
  readonly writes: readonly { readonly leaf: number; readonly node: Node; readonly value: Value }[];
}

const shapes: readonly (readonly number[])[] = [[4, 6], [4, 6], [6, 8], [6], [4, 1], [], [300]];

/** A graph over a few leaves; some of its values replace leaves, as assignments do. */
function randomGraph(seed: number): Graph {
  const dice = new Dice(seed * 7919 + 3);
  const count = 2 + dice.below(4);
  const leafShapes = Array.from({ length: count }, () => dice.pick(shapes));
  const values = leafShapes.map((shape) => numbers(dice, sizeOf(shape)));
  const leaves = leafShapes.map((shape) => input(shape));
  return handleFree(() => {
    const tensors = leaves.map((node) => new Tensor(node));
    const known = leafShapes.map((shape, i) => oracle.source(shape, values[i] as Float32Array));
    const length = 3 + dice.below(14);
    for (let i = 0; i < length; i++) {
      const step = randomStep(dice, known);
      tensors.push(step.tensor(step.args.map((j) => tensors[j] as Tensor)));
      known.push(step.value(step.args.map((j) => known[j] as Value)));
    }
    const pick = () => count + dice.below(length);
    const at = (i: number) => ({ node: (tensors[i] as Tensor).node, value: known[i] as Value });
    const outputs = Array.from({ length: 1 + dice.below(4) }, () => at(pick()));
    const writes = leaves.flatMap((leaf, i) => {
      if (!dice.chance(0.4)) return [];
      const sameShape = known.findIndex((value, j) => j !== i && value.shape.join() === leaf.shape.join());
      if (sameShape >= 0 && dice.chance(0.5)) return [{ leaf: i, ...at(sameShape) }];
      const total = tensors[pick()] as Tensor;
      const value = known[tensors.indexOf(total)] as Value;
      const all = value.shape.map((_, axis) => axis);
      const node = bounded.tensor([new Tensor(leaf).add(total.sum())]).node;
      return [
        {
          leaf: i,
          node,
          value: bounded.value([oracle.add(known[i] as Value, oracle.sum(value, all, false))]),
        },
      ];
    });
    // Nodes, not tensors, leave the scope: it must not let go of them.
    for (const { node } of [...outputs, ...writes]) node.handles++;
    return { leaves, values, outputs, writes };
  });
}

/** Constants of the graph: data that operations made on the host. */
function hostLeaves(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>(roots);
  for (const node of seen) for (const from of node.inputs) seen.add(from);
  return [...seen].filter((node) => node.stored !== null);
}

interface Options {
  readonly fuse: boolean;
  readonly lanes: 1 | 4;
  readonly maxBindings: number;
}

function compiledPlan(
  graph: Graph,
  { fuse, lanes, maxBindings }: Options,
): { plan: Plan; constants: readonly Node[] } {
  const { leaves, outputs, writes } = graph;
  const constants = hostLeaves([...outputs, ...writes].map(({ node }) => node));
  const all = [...leaves, ...constants];
  const { plan } = compile({
    label: "random",
    roots: [
      ...outputs.map(({ node }, result) => ({ node, to: { result, offset: 0 } })),
      ...writes.map(({ node, leaf }) => ({ node, to: { external: leaf, offset: 0 } })),
    ],
    leafPlace: (node) => {
      const external = all.indexOf(node);
      return external < 0 ? null : { external, offset: 0 };
    },
    externals: all.map((node) => ({ bytes: Math.max(16, Math.ceil(bytesOf(node) / 16) * 16), arena: false })),
    numResults: outputs.length,
    numScalars: 0,
    target: gpuLike({ lanes, maxBindings }),
    options: { fuse, sideBySide: fuse },
  });
  return { plan, constants };
}

/** Plan buffers that a call loads from and stores to. */
function accesses(call: Call): { loads: Set<number>; stores: Set<number> } {
  const loads = new Set<number>();
  const stores = new Set<number>();
  const visit = (part: unknown, map: readonly number[] | null): void => {
    if (typeof part !== "object" || part === null) return;
    const { op, value, binding } = part as { op?: string; value?: number; binding?: number };
    const bufferOf = (i: number) => call.bindings[map ? (map[i] as number) : i]?.buffer as number;
    if (op === "load") loads.add(bufferOf(value as number));
    if ((op === "set" || op === "or") && binding !== undefined) stores.add(bufferOf(binding));
    for (const inner of Object.values(part)) visit(inner, map);
  };
  const { kernel }: { kernel: Kernel } = call;
  if (kernel.form === "side")
    kernel.parts.forEach((part, i) => visit(part, kernel.bindingMap[i] as readonly number[]));
  else visit(kernel, null);
  return { loads, stores };
}

/** Slots whose value nobody reads after step i. */
function deadAfter(plan: Plan, i: number): number[] {
  const isSlot = (buffer: number) => plan.buffers[buffer]?.kind === "slot";
  const uses = plan.steps.map((step) => accesses(step as Call));
  const slots = plan.buffers.flatMap((_, buffer) => (isSlot(buffer) ? [buffer] : []));
  return slots.filter((slot) => {
    for (const { loads, stores } of uses.slice(i + 1)) {
      if (loads.has(slot)) return false;
      if (stores.has(slot)) return true;
    }
    return plan.copies.every(({ from }) => from !== slot);
  });
}

/** Runs each call as a plan of its own, over real buffers for everything. */
async function runStepwise(
  graph: Graph,
  options: Options,
): Promise<{ results: Float32Array[]; leaves: Float32Array[] }> {
  const { plan, constants } = compiledPlan(graph, options);
  verifyPlan(plan, limitsOf(options.maxBindings));
  const buffers = plan.buffers.map(({ bytes }) => device.alloc(bytes, "test"));
  const poison = (buffer: DeviceBuffer) =>
    device.write(buffer, 0, new Float32Array(buffer.bytes / 4).fill(Number.NaN));
  for (const buffer of buffers) poison(buffer);
  graph.values.forEach((data, i) => device.write(buffers[i] as DeviceBuffer, 0, data));
  constants.forEach((node, i) => {
    const { host } = node.stored as Memory;
    device.write(buffers[graph.leaves.length + i] as DeviceBuffer, 0, host as Float32Array);
  });
  plan.steps.forEach((step, i) => {
    const { loads, stores } = accesses(step as Call);
    for (const buffer of stores) {
      if (plan.buffers[buffer]?.kind === "slot")
        expect(loads.has(buffer), `step ${i} loads and stores slot ${buffer}`).toBe(false);
    }
    runCalls(plan, [step as Call], buffers);
    for (const slot of deadAfter(plan, i)) poison(buffers[slot] as DeviceBuffer);
  });
  const results = plan.copies.flatMap(({ from, fromOffset, to, bytes }) =>
    "result" in to
      ? [{ result: to.result, read: device.read(buffers[from] as DeviceBuffer, fromOffset, bytes) }]
      : [],
  );
  for (const { from, fromOffset, to, bytes } of plan.copies) {
    if ("buffer" in to)
      device.copy(
        buffers[from] as DeviceBuffer,
        fromOffset,
        buffers[to.buffer] as DeviceBuffer,
        to.offset,
        bytes,
      );
  }
  const read = async (bytes: Promise<ArrayBuffer>) => new Float32Array(await bytes);
  const leaves = await Promise.all(
    graph.leaves.map((node, i) => read(device.read(buffers[i] as DeviceBuffer, 0, bytesOf(node)))),
  );
  const outputs: Float32Array[] = [];
  for (const { result, read: bytes } of results) outputs[result] = await read(bytes);
  for (const buffer of buffers) device.free(buffer);
  return { results: outputs, leaves };
}

function runCalls(plan: Plan, steps: readonly Call[], buffers: readonly DeviceBuffer[]): void {
  const program = device.build({
    ...plan,
    buffers: plan.buffers.map(({ bytes }, index) => ({ kind: "external", index, bytes })),
    steps,
    copies: [],
    numExternals: buffers.length,
    numResults: 0,
    slotBytes: 0,
  });
  device.run(program, buffers, [], new Uint32Array(0));
  program.dispose();
}

const limitsOf = (maxStorageBuffersPerShaderStage: number) => ({
  maxStorageBuffersPerShaderStage,
  maxStorageBufferBindingSize: 2 ** 27,
  maxUniformBufferBindingSize: 2 ** 16,
  maxBufferSize: 2 ** 28,
  maxComputeWorkgroupsPerDimension: 65535,
});

function expectValue(found: Float32Array | undefined, value: Value, what: string): void {
  const limit = value.error + 1e-6;
  const bad = value.data.findIndex((x, i) => !(Math.abs(x - (found?.[i] as number)) <= limit));
  if (bad >= 0) expect.fail(`${what}: element ${bad} is ${found?.[bad]}, expected ${value.data[bad]}`);
}

const variants: readonly (readonly [string, Options])[] = [
  ["fused, 4 lanes, 8 bindings", { fuse: true, lanes: 4, maxBindings: 8 }],
  ["fused, 1 lane, 10 bindings", { fuse: true, lanes: 1, maxBindings: 10 }],
  ["one kernel per value", { fuse: false, lanes: 4, maxBindings: 8 }],
];

describe.each(variants)("plans of random graphs: %s", (_, options) => {
  test.each(Array.from({ length: 8 }, (__, block) => block))("graphs %i x 25", async (block) => {
    for (let seed = block * 25; seed < (block + 1) * 25; seed++) {
      const graph = randomGraph(seed);
      const { results, leaves } = await runStepwise(graph, options);
      graph.outputs.forEach(({ value }, i) => expectValue(results[i], value, `seed ${seed}, output ${i}`));
      const written = new Map(graph.writes.map(({ leaf, value }) => [leaf, value]));
      graph.leaves.forEach((node, i) => {
        const expected = written.get(i) ?? oracle.source(node.shape, graph.values[i] as Float32Array);
        expectValue(leaves[i], expected, `seed ${seed}, leaf ${i}`);
      });
    }
  });
});

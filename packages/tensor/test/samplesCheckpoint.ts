/** @file Sample rows of what trades time for memory: barriers, checkpoints, and cross entropy a few classes at a time. */
import { makeBody, windowOf } from "../src/control/body.ts";
import { checkpointPrimitive, recordCheckpoint } from "../src/control/checkpoint.ts";
import type { Node } from "../src/graph/node.ts";
import { barrier, barrierPrimitive } from "../src/primitives/barrier.ts";
import { part } from "../src/primitives/bundle.ts";
import { matmul } from "../src/primitives/contraction.ts";
import { linearCrossEntropy, linearCrossEntropyPrimitive } from "../src/primitives/linearCrossEntropy.ts";
import { sin, tanh } from "../src/primitives/math.ts";
import { placeholderNode } from "../src/runtime/leaf.ts";
import type { Sample } from "./samples.ts";
import { uniform, values } from "./samplesInputs.ts";

/** tanh(x w) as a checkpoint. */
function block(x: Node, w: Node): Node {
  const leaves = [x, w].map(({ shape, dtype }) => placeholderNode(shape, dtype)) as [Node, Node];
  const { value, window } = windowOf(() => [tanh(matmul(...leaves))]);
  const body = makeBody({ leaves, outputs: value, windows: [window], traces: [] });
  return part(recordCheckpoint(body, [x, w]), 0);
}

const small = (shape: readonly number[], seed: number) => uniform(shape, -1, 1, seed);
const labels = values([4], [0, 6, 2, 5], "int32");

/** Chunks of 1, of a divisor, with a rest, and one chunk; a label that is no class. */
const entropies = (
  [
    ["", 3, labels, 6],
    ["in one chunk", 16, labels, 6],
    ["with a rest", 4, labels, 7],
    ["one by one", 1, labels, 3],
    ["with labels that are no class", 2, values([4], [-1, 6, 2, 5], "int32"), 6],
  ] as const
).flatMap(([name, chunk, labels, classes]): Sample[] => {
  const inputs = [small([4, 5], 1), small([5, classes], 2), labels];
  const label = `linearCrossEntropy ${name}`.trim();
  const common = { primitive: linearCrossEntropyPrimitive, rebuilds: true };
  const row: Sample = {
    ...common,
    label,
    inputs,
    build: ([x, w, y]) => linearCrossEntropy(x as Node, w as Node, y as Node, null, chunk),
  };
  const biased: Sample = {
    ...common,
    label: `${label} and a bias`,
    inputs: [...inputs, small([classes], 3)],
    build: ([x, w, y, b]) => linearCrossEntropy(x as Node, w as Node, y as Node, b as Node, chunk),
  };
  return name === "" || name === "with a rest" ? [row, biased] : [row];
});

export const checkpoints: readonly Sample[] = [
  {
    label: "barrier",
    primitive: barrierPrimitive,
    inputs: [small([3, 4], 1), values([2], [1, 2], "uint32")],
    build: ([x, after]) => sin(barrier(x as Node, after as Node)),
  },
  {
    label: "checkpoint",
    primitive: checkpointPrimitive,
    inputs: [small([3, 4], 1), small([4, 5], 2)],
    build: ([x, w]) => block(x as Node, w as Node),
    rebuilds: true,
  },
  {
    label: "checkpoint of a checkpoint's result",
    primitive: checkpointPrimitive,
    inputs: [small([3, 4], 3), small([4, 4], 4)],
    build: ([x, w]) => block(block(x as Node, w as Node), w as Node),
    rebuilds: true,
  },
  ...entropies,
];

// Single operations on resident operands.
import { integers, uniformValues, type Values } from "../problem.ts";
import { seededUniform } from "../random.ts";
import type { Variant, Work, Workload } from "../types.ts";

/** Names of operations that each library's side knows. */
export type Operation = "matmul" | "chain" | "softmax" | "layerNorm" | "embeddingGradient";

export interface OperationProblem {
  operation: Operation;
  steps: number;
  operands: Values[];
}

export const epsilon = 1e-5;

interface Row {
  name: string;
  title: string;
  operation: Operation;
  work: Work;
  operands(uniform: () => number): Values[];
}

const square = (extent: number): Row => ({
  name: `matmul-${extent}`,
  title: `Product of two ${extent}x${extent} matrices`,
  operation: "matmul",
  work: { flops: 2 * extent ** 3 },
  operands: (uniform) => [
    uniformValues([extent, extent], 1, uniform),
    uniformValues([extent, extent], 1, uniform),
  ],
});

const rows = [512, 1024];
const cells = rows[0]! * rows[1]!;
const chainLength = 2 ** 20;
const table = { rows: 512, width: 64, ids: 2048 };

const operations: Row[] = [
  square(512),
  square(1024),
  {
    name: "chain",
    title: "Elementwise chain sqrt(abs(2 x + 1)) y - 0.5 of 1,048,576 numbers",
    operation: "chain",
    work: { bytes: 3 * 4 * chainLength },
    operands: (uniform) => [
      uniformValues([chainLength], 1, uniform),
      uniformValues([chainLength], 1, uniform),
    ],
  },
  {
    name: "softmax",
    title: "Softmax of the rows of 512x1024",
    operation: "softmax",
    work: { bytes: 2 * 4 * cells },
    operands: (uniform) => [uniformValues(rows, 4, uniform)],
  },
  {
    name: "layer-norm",
    title: "Layer normalisation of the rows of 512x1024, with scale and shift",
    operation: "layerNorm",
    work: { bytes: 2 * 4 * cells },
    operands: (uniform) => [
      uniformValues(rows, 1, uniform),
      uniformValues([1024], 1, uniform),
      uniformValues([1024], 1, uniform),
    ],
  },
  {
    name: "embedding-gradient",
    title: "Gradient of an embedding table of 512x64 from 2048 ids",
    operation: "embeddingGradient",
    work: { bytes: 4 * table.width * (table.ids + table.rows) },
    operands: (uniform) => [
      uniformValues([table.rows, table.width], 1, uniform),
      integers([table.ids], table.rows, uniform),
      uniformValues([table.ids, table.width], 1, uniform),
    ],
  },
];

const variants: Variant<OperationProblem>[] = [
  {
    name: "jit",
    library: "tenrec",
    description: "a jitted function",
    load: () => import("./operations.tenrec.ts"),
  },
  {
    name: "eager",
    library: "tfjs",
    description: "operations as called",
    load: () => import("./operations.tfjs.ts"),
  },
  {
    name: "jit",
    library: "jaxjs",
    description: "a jitted function",
    load: () => import("./operations.jaxjs.ts"),
  },
];

const steps = 10;

export const operationWorkloads: Workload<OperationProblem>[] = operations.map(
  ({ name, title, operation, work, operands }) => ({
    name,
    title,
    stepsPerEpoch: steps,
    targets: { ratios: { tfjs: 1, jaxjs: 1 } },
    work,
    problem: () => ({ operation, steps, operands: operands(seededUniform(20261130)) }),
    variants,
  }),
);

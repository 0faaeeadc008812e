// Single operations on resident operands.
import { integers, uniformValues, type Values } from "../problem.ts";
import { seededUniform } from "../random.ts";
import { jaxVariants, lacksOnCpu, overPeers, tenrecVariants } from "../tables.ts";
import type { Targets, Variant, Work, Workload } from "../types.ts";

/** Names of operations that each library's side knows. */
export type Operation =
  | "matmul"
  | "negate"
  | "chain"
  | "gates"
  | "sum"
  | "softmax"
  | "layerNorm"
  | "embeddingGradient";

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
  /** The bars on the cpu backend; where none are given, those of a GPU: nobody is to be quicker. */
  cpu?: Targets;
  /** Properties of TensorFlow.js's variant. */
  tfjs?: ReturnType<typeof lacksOnCpu>;
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

const chain = (name: string, length: number): Row => ({
  name,
  title: `Elementwise chain sqrt(abs(2 x + 1)) y - 0.5 of ${length} numbers`,
  operation: "chain",
  work: { bytes: 3 * 4 * length },
  cpu: overPeers(1 / 2),
  operands: (uniform) => [uniformValues([length], 1, uniform), uniformValues([length], 1, uniform)],
});

/** What the gates of a recurrent layer compute: bound by arithmetic, where `chain` is bound by memory. */
const gates = (name: string, length: number): Row => ({
  name,
  title: `Elementwise chain sigmoid(x y + z) tanh(x) of ${length} numbers`,
  operation: "gates",
  work: { bytes: 4 * 4 * length },
  cpu: overPeers(1 / 2),
  operands: (uniform) => Array.from({ length: 3 }, () => uniformValues([length], 1, uniform)),
});

/** Of positive numbers, so that all libraries' sums agree in spite of their rounding. */
const sum = (name: string, length: number): Row => ({
  name,
  title: `Sum of ${length} numbers`,
  operation: "sum",
  work: { bytes: 4 * length },
  cpu: overPeers(1 / 2),
  operands: (uniform) => [{ data: Float32Array.from({ length }, uniform), shape: [length] }],
});

/** The least that a kernel can do: what it reaches of the copy bandwidth bounds all others. */
const negation = (name: string, length: number): Row => ({
  name,
  title: `Copy of ${length} numbers, negated`,
  operation: "negate",
  work: { bytes: 2 * 4 * length },
  operands: (uniform) => [uniformValues([length], 1, uniform)],
});

const softmax = (name: string, [rows, columns]: [number, number]): Row => ({
  name,
  title: `Softmax of the rows of ${rows}x${columns}`,
  operation: "softmax",
  work: { bytes: 2 * 4 * rows * columns },
  cpu: overPeers(1 / 2),
  operands: (uniform) => [uniformValues([rows, columns], 4, uniform)],
});

const layerNorm = (name: string, [rows, columns]: [number, number]): Row => ({
  name,
  title: `Layer normalisation of the rows of ${rows}x${columns}, with scale and shift`,
  operation: "layerNorm",
  work: { bytes: 2 * 4 * rows * columns },
  cpu: overPeers(1 / 2),
  operands: (uniform) => [
    uniformValues([rows, columns], 1, uniform),
    uniformValues([columns], 1, uniform),
    uniformValues([columns], 1, uniform),
  ],
});

const table = { rows: 512, width: 64, ids: 2048 };

const operations: Row[] = [
  square(512),
  square(1024),
  chain("chain", 2 ** 20),
  gates("gates", 2 ** 22),
  sum("sum", 2 ** 22),
  softmax("softmax", [512, 1024]),
  layerNorm("layer-norm", [512, 1024]),
  {
    name: "embedding-gradient",
    title: `Gradient of an embedding table of ${table.rows}x${table.width} from ${table.ids} ids`,
    operation: "embeddingGradient",
    work: { bytes: 4 * table.width * (table.ids + table.rows) },
    cpu: { ratios: {} },
    tfjs: lacksOnCpu("UnsortedSegmentSum"),
    operands: (uniform) => [
      uniformValues([table.rows, table.width], 1, uniform),
      integers([table.ids], table.rows, uniform),
      uniformValues([table.ids, table.width], 1, uniform),
    ],
  },
];

const variants = (tfjs: Row["tfjs"]): Variant<OperationProblem>[] => [
  ...tenrecVariants({
    name: "jit",
    description: "a jitted function",
    load: () => import("./operations.tenrec.ts"),
  }),
  {
    name: "eager",
    library: "tfjs",
    description: "operations as called",
    ...tfjs,
    load: () => import("./operations.tfjs.ts"),
  },
  ...jaxVariants({
    name: "jit",
    description: "a jitted function",
    load: () => import("./operations.jaxjs.ts"),
  }),
];

const steps = 10;

const workloadOf = ({
  name,
  title,
  operation,
  work,
  cpu = overPeers(1),
  tfjs,
  operands,
}: Row): Workload<OperationProblem> => ({
  name,
  title,
  stepsPerEpoch: steps,
  targets: { webgpu: overPeers(1), cpu },
  work,
  problem: () => ({ operation, steps, operands: operands(seededUniform(20261130)) }),
  variants: variants(tfjs),
});

export const operationWorkloads = operations.map(workloadOf);

/** Sizes that only a GPU can take: there the small ones measure little but the issuing. */
export const largeOperations = [
  square(2048),
  square(4096),
  negation("copy-large", 2 ** 24),
  chain("chain-large", 2 ** 24),
  softmax("softmax-large", [4096, 4096]),
  layerNorm("layer-norm-large", [4096, 4096]),
].map(workloadOf);

/** @file A recurrent sequence: its operands, checked, the inputs' part of all steps as one product, and the loop over its steps. */
import { ShapeError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { add, mul } from "../primitives/arithmetic.ts";
import { matmul } from "../primitives/contraction.ts";
import { cast } from "../primitives/logic.ts";
import { concat, reshape, sliceAxis } from "../primitives/movement.ts";
import { fill } from "../primitives/source.ts";
import { floatOperand, type Tensor, type TensorLike, toNode, wrap } from "./arguments.ts";
import { scan } from "./control.ts";
import { where } from "./logic.ts";
import { swapaxes } from "./shape.ts";

export interface RecurrentOptions {
  /** Of the candidate, and of the LSTM's output; tanh by default. */
  readonly activation?: (x: Tensor) => Tensor;
  /** States before the first step, [batch, units] each; zeros by default. */
  readonly initialState?: readonly TensorLike[] | null;
  /** [batch, steps]: where it is false, a step changes no state and its output is the state before. */
  readonly mask?: TensorLike | null;
  /** The steps one after another in the graph, which compiles longer. */
  readonly unroll?: boolean;
  /** What inputs are multiplied by at every step, [batch, features]: one for all gates or one for each. Dropout is this. */
  readonly inputFactors?: readonly TensorLike[] | null;
  /** What the state is multiplied by before it meets recurrent weights, [batch, units]: one for all gates or one for each. */
  readonly stateFactors?: readonly TensorLike[] | null;
}

export interface RecurrentResult {
  /** Output of every step [batch, steps, units]. */
  readonly outputs: Tensor;
  /** States after the last step, [batch, units] each. The first one is the last output. */
  readonly states: readonly Tensor[];
}

export type Weights = readonly [
  x: TensorLike,
  kernel: TensorLike,
  recurrentKernel: TensorLike,
  bias: TensorLike | null,
];

/** How many of each a kind of sequence has. */
export interface Counts {
  readonly gates: number;
  readonly states: number;
  /** 2: one for the product with x, one for that with h. */
  readonly biases?: number;
}

export class Sequence {
  readonly name: string;
  readonly gates: number;
  readonly units: number;
  readonly weights: Node;
  /** [gates * units], or a row for each product. */
  readonly bias: Node | null;
  readonly states: readonly Node[];
  readonly mask: Node | null;
  /** x kernel, a row per sample and step. */
  readonly #rows: Node;
  readonly #steps: readonly [batch: number, steps: number];
  readonly #stateFactors: readonly Node[];
  readonly #unroll: boolean;

  constructor(
    name: string,
    [x, kernel, recurrentKernel, bias]: Weights,
    counts: Counts,
    options: RecurrentOptions,
  ) {
    const input = floatOperand(x);
    if (input.shape.length !== 3) throw notSequences(name, input);
    const [batch, steps, features] = input.shape as unknown as [number, number, number];
    this.name = name;
    this.gates = counts.gates;
    this.weights = floatOperand(recurrentKernel);
    this.units = this.weights.shape[0] ?? 0;
    const width = this.gates * this.units;
    this.#fit("recurrentKernel", this.weights, [this.units, width]);
    this.states = this.#initialStates(batch, counts.states, options.initialState ?? null);
    const { mask = null } = options;
    this.mask = mask === null ? null : this.#fit("mask", cast(toNode(mask), "bool"), [batch, steps]);
    this.#stateFactors = this.#factors("stateFactors", [batch, this.units], options);
    this.#unroll = options.unroll ?? false;
    const projection = this.#fit("kernel", floatOperand(kernel), [features, width]);
    const factors = this.#factors("inputFactors", [batch, features], options);
    const perStep = factors.map((factor) => reshape(factor, [batch, 1, features]));
    this.#rows = gateProducts(input, projection, perStep, this.units, 0, this.gates);
    this.#steps = [batch, steps];
    const { biases = 1 } = counts;
    const biasShape = biases > 1 ? [biases, width] : [width];
    this.bias = bias === null ? null : this.#fit("bias", floatOperand(bias), biasShape);
  }

  #fit(what: string, node: Node, shape: readonly number[]): Node {
    return checkFit(this.name, what, node, shape);
  }

  #initialStates(batch: number, count: number, given: RecurrentOptions["initialState"]): Node[] {
    const shape = [batch, this.units];
    if (!given) return Array.from({ length: count }, () => fill(0, shape, "float32"));
    if (given.length !== count) throw wrongStates(this.name, given.length, count);
    return given.map((state, i) => this.#fit(`initialState[${i}]`, floatOperand(state), shape));
  }

  #factors(
    what: "inputFactors" | "stateFactors",
    shape: readonly number[],
    options: RecurrentOptions,
  ): Node[] {
    const given = options[what] ?? [];
    if (given.length > 1 && given.length !== this.gates)
      throw wrongFactors(this.name, what, given.length, this.gates);
    return given.map((factor) => this.#fit(what, floatOperand(factor), shape));
  }

  /** The bias [gates * units] of the product with x (0) or with h (1). */
  biasOf(product: 0 | 1): Node | null {
    const { bias } = this;
    if (!bias || bias.shape.length === 1) return product === 0 ? bias : null;
    return reshape(sliceAxis(bias, 0, product, product + 1), [bias.shape[1] as number]);
  }

  /** x kernel [batch, steps, gates * units]. */
  get projected(): Node {
    return reshape(this.#rows, [...this.#steps, this.gates * this.units]);
  }

  /** x kernel + bias [batch, steps, gates * units]. All steps are rows of one sum, which is the product's epilogue. */
  get z(): Node {
    const bias = this.biasOf(0);
    if (!bias) return this.projected;
    return reshape(add(this.#rows, bias), [...this.#steps, this.gates * this.units]);
  }

  /** Nothing that the kernels for whole sequences do not know. */
  get isPlain(): boolean {
    return this.#stateFactors.length === 0 && !this.#unroll && this.#rows.shape.size > 0;
  }

  /** h times the recurrent weights of gates `from` to `to`. */
  product(h: Tensor, from = 0, to = this.gates): Tensor {
    return wrap(gateProducts(h.node, this.weights, this.#stateFactors, this.units, from, to));
  }

  gate(all: Tensor, gate: number): Tensor {
    return wrap(gatesOf(all.node, this.units, gate, gate + 1));
  }

  /** The sequence by a loop over `step`: states after it from the inputs' part and the states before. */
  steps(step: (z: Tensor, ...states: [Tensor, Tensor]) => readonly Tensor[]): RecurrentResult {
    const { mask, states } = this;
    const sequences = [this.z, ...(mask ? [reshape(mask, [...mask.shape, 1])] : [])];
    const [last, outputs] = scan<Tensor[], [Tensor, Tensor?], Tensor>(
      (before, [z, counts]) => {
        const next = step(z, ...(before as [Tensor, Tensor]));
        const kept = counts ? next.map((state, i) => where(counts, state, before[i] as Tensor)) : next;
        return [[...kept], kept[0] as Tensor];
      },
      states.map(wrap),
      sequences.map((sequence) => swapaxes(wrap(sequence), 0, 1)),
      { unroll: this.#unroll },
    );
    return { outputs: swapaxes(outputs, 0, 1), states: last };
  }
}

const gatesOf = (x: Node, units: number, from: number, to: number): Node =>
  sliceAxis(x, x.shape.length - 1, from * units, to * units);

/**
 * Rows of x times the weights of gates `from` to `to`, with a factor of x for all of them or one for each. All steps are rows of one product,
 * so that the bias's gradient is a column sum of the weights' gradient's operand and comes along with that product.
 */
function gateProducts(
  x: Node,
  weights: Node,
  factors: readonly Node[],
  units: number,
  from: number,
  to: number,
): Node {
  const scaled = (factor: Node | undefined): Node => asRows(factor ? mul(x, factor) : x);
  if (factors.length < 2) return matmul(scaled(factors[0]), gatesOf(weights, units, from, to));
  const products = Array.from({ length: to - from }, (_, i) =>
    matmul(scaled(factors[from + i]), gatesOf(weights, units, from + i, from + i + 1)),
  );
  return concat(products, 1);
}

/** [..., width] as rows. */
function asRows(x: Node): Node {
  const width = x.shape.at(-1) as number;
  return reshape(x, [x.shape.size / width, width]);
}

function checkFit(name: string, what: string, node: Node, shape: readonly number[]): Node {
  if (node.shape.join() === shape.join()) return node;
  throw new ShapeError(name, `${what} does not fit.`, {
    received: `${what} ${typeText(node.dtype, node.shape)}.`,
    expected: `[${shape.join()}], by the shapes of x and recurrentKernel.`,
    fix: "check the number of units and features.",
  });
}

function wrongFactors(name: string, what: string, found: number, gates: number): ShapeError {
  return new ShapeError(name, `wrong number of ${what}.`, {
    received: `${found}.`,
    expected: `1, or ${gates}: one for each gate.`,
    fix: "give one for all gates.",
  });
}

function notSequences(name: string, x: Node): ShapeError {
  return new ShapeError(name, "x is no batch of sequences.", {
    received: `${typeText(x.dtype, x.shape)}.`,
    expected: "[batch, steps, features].",
    fix: "reshape it; a sequence of numbers has one feature: [batch, steps, 1].",
  });
}

function wrongStates(name: string, found: number, wanted: number): ShapeError {
  return new ShapeError(name, "wrong number of initial states.", {
    received: `${found}.`,
    expected: `${wanted}, [batch, units] each.`,
    fix: wanted === 2 ? "pass [h, c]." : "pass [h].",
  });
}

/** @file Lowering: the members of a group become scalar expressions over loads, reduction stages and stores. */
import { internal } from "../graph/errors.ts";
import { type Dtype, type Emitter, isHalf, type Node, type ScalarValue } from "../graph/node.ts";
import { stridesOf } from "../graph/shape.ts";
import { reshapeIndex } from "../primitives/reshapeIndex.ts";
import {
  type Affine,
  addAffine,
  axisAffine,
  constantAffine,
  divAffine,
  flatten,
  modAffine,
  scaleAffine,
  valueAffine,
} from "./affine.ts";
import { type DraftStage, ExpressionList } from "./expression.ts";
import { type Group, keptShape, levelOf, reducesNothing } from "./group.ts";
import { shifted } from "./turn.ts";

/** Thrown while a group is tried: a member is needed at another position than the one the kernel is at. */
export class NotAligned extends Error {}

/** Scalar code knows float16 as float32 that is rounded to it. */
const inRegisters = (dtype: Dtype): Dtype => (dtype === "float16" ? "float32" : dtype);
/** Elementwise operations that give what they are given. */
const copies: ReadonlySet<string> = new Set(["assign", "read", "copy", "where"]);

/** Axes of a gemm kernel, as in kernels' GemmKernel. */
export const gemmAxes = { batch: 0, m: 1, n: 2, k: 3 } as const;

export interface LoopAxis {
  readonly extent: number;
  readonly inner: boolean;
}

/** Scalar code of one group. `value` and the rest of Emitter are what the primitives' `at` rules call. */
export class Lowering implements Emitter {
  readonly expressions = new ExpressionList();
  readonly stages: DraftStage[] = [];
  /** Kept axes, then inner axes; extents of 1 are no axes. */
  readonly axes: readonly LoopAxis[];
  readonly #group: Group;
  readonly #isStored: (node: Node) => boolean;
  readonly #full: readonly Affine[];
  readonly #row: readonly Affine[];
  readonly #members = new Map<Node, ScalarValue>();
  readonly #views = new Map<string, ScalarValue>();
  readonly #only: Node | null;

  /** With `only`, a trial of that member: the positions it needs of other members are checked, their values are not computed. */
  constructor(group: Group, isStored: (node: Node) => boolean, only: Node | null = null) {
    this.#group = group;
    this.#isStored = isStored;
    this.#only = only;
    const positions = group.kind === "gemm" ? gemmPositions(group.shape, this) : loopPositions(group);
    this.axes = positions.axes;
    this.#full = positions.full;
    this.#row = positions.full.filter((_, axis) => !group.reduced[axis]);
  }

  /** The position of the current element in an array of this shape. */
  canonical(shape: readonly number[]): Affine[] {
    const level = levelOf(this.#group, shape);
    if (level === null) throw new NotAligned();
    const [extents, terms] =
      level === "full" ? [this.#group.shape, this.#full] : [keptShape(this.#group), this.#row];
    return reshapeIndex(this, shape, extents, terms) as Affine[];
  }

  /** The scalar of a member at the current element, and where it belongs in memory. */
  member(node: Node): ScalarValue {
    let value = this.#members.get(node);
    if (value === undefined) {
      value = this.#computeMember(node);
      this.#members.set(node, value);
    }
    return value;
  }

  /** The current element of a stored value in its memory. */
  position(node: Node): Affine {
    return shifted(node, flatten(this.canonical(node.shape), stridesOf(node.shape)));
  }

  #computeMember(node: Node): ScalarValue {
    if (node === this.#group.contraction)
      return this.expressions.add({ op: "acc", dtype: "float32", args: [] });
    if (node.primitive.family === "reduce") return this.#reduction(node);
    return this.#inline(node, this.canonical(node.shape));
  }

  #reduction(node: Node): ScalarValue {
    const input = node.inputs[0] as Node;
    const op = node.primitive.stage;
    if (!op) throw internal(`${node.primitive.name} has no reduction stage`);
    const value = this.value(input, this.canonical(input.shape));
    const positional = op === "argmax" || op === "argmin";
    if (reducesNothing(node)) return positional ? this.literal(0, node.dtype) : value;
    this.stages.push({ op, value, dtype: input.dtype });
    return this.expressions.add({ op: "stage", dtype: node.dtype, args: [], value: this.stages.length - 1 });
  }

  #inline(node: Node, index: readonly Affine[]): ScalarValue {
    const { at, family, name } = node.primitive;
    if (!at) throw internal(`${name} cannot be computed inside a kernel`);
    const value = at(this, node, index);
    const isRounded = isHalf(node) && (family === "source" || family === "elementwise") && !copies.has(name);
    return isRounded ? this.op("half", "float32", value) : value;
  }

  value(node: Node, index: readonly Affine[]): ScalarValue {
    if (this.#group.members.has(node)) {
      const here = this.canonical(node.shape);
      if (!here.every((term, axis) => term.key === index[axis]?.key)) throw new NotAligned();
      return this.#only && node !== this.#only ? this.literal(0, node.dtype) : this.member(node);
    }
    const key = `${node.id}@${index.map((term) => term.key).join("|")}`;
    let value = this.#views.get(key);
    if (value === undefined) {
      value = this.#outside(node, index);
      this.#views.set(key, value);
    }
    return value;
  }

  #outside(node: Node, index: readonly Affine[]): ScalarValue {
    if (this.#isStored(node)) {
      return this.expressions.add({
        op: "load",
        dtype: inRegisters(node.dtype),
        args: [],
        node,
        affine: shifted(node, flatten(index, stridesOf(node.shape))),
      });
    }
    if (node.primitive.family === "leaf") {
      const value = this.expressions.add({ op: "scalar", dtype: inRegisters(node.dtype), args: [], node });
      return isHalf(node) ? this.op("half", "float32", value) : value;
    }
    return this.#inline(node, index);
  }

  op(name: string, to: Dtype, ...args: ScalarValue[]): ScalarValue {
    const dtype = inRegisters(to);
    const [x] = args as [ScalarValue];
    return name === "cast" && this.expressions.at(x).dtype === dtype
      ? x
      : this.expressions.add({ op: name, dtype, args });
  }
  literal(value: number, dtype: Dtype): ScalarValue {
    return this.expressions.add({ op: "const", dtype: inRegisters(dtype), args: [], value });
  }
  number(value: number, dtype: Dtype): ScalarValue {
    return this.expressions.add({ op: "number", dtype: inRegisters(dtype), args: [], value });
  }
  indexValue(index: Affine): ScalarValue {
    return this.expressions.add({ op: "index", dtype: "int32", args: [], affine: index });
  }
  valueIndex(value: ScalarValue): Affine {
    const { op, affine } = this.expressions.at(value);
    return op === "index" && affine ? affine : valueAffine(value);
  }
  constantIndex(value: number): Affine {
    return constantAffine(value);
  }
  add(a: Affine, b: Affine | number): Affine {
    return addAffine(a, typeof b === "number" ? constantAffine(b) : b);
  }
  scale(a: Affine, factor: number): Affine {
    return scaleAffine(a, factor);
  }
  div(a: Affine, by: number): Affine {
    return divAffine(a, by);
  }
  mod(a: Affine, by: number): Affine {
    return modAffine(a, by);
  }
}

/** One loop axis per extent above 1, kept axes first. */
function loopPositions(group: Group): { axes: LoopAxis[]; full: Affine[] } {
  const axes: LoopAxis[] = [];
  const full = group.shape.map(() => constantAffine(0));
  for (const inner of [false, true]) {
    group.shape.forEach((extent, axis) => {
      if (extent === 1 || Boolean(group.reduced[axis]) !== inner) return;
      full[axis] = axisAffine(axes.length, extent);
      axes.push({ extent, inner });
    });
  }
  return { axes, full };
}

/** Batch axes folded into one, then m and n. */
function gemmPositions(shape: readonly number[], emit: Emitter): { axes: LoopAxis[]; full: Affine[] } {
  const [m, n] = shape.slice(-2) as [number, number];
  const full = [
    ...batchPositions(shape, emit),
    m === 1 ? constantAffine(0) : axisAffine(gemmAxes.m, m),
    n === 1 ? constantAffine(0) : axisAffine(gemmAxes.n, n),
  ];
  return { axes: [], full };
}

/** Positions along the batch axes of a contraction's result, recovered from the one batch axis. */
export function batchPositions(shape: readonly number[], emit: Emitter): Affine[] {
  const extents = shape.slice(0, -2);
  const total = extents.reduce((a, b) => a * b, 1);
  const batch = total === 1 ? constantAffine(0) : axisAffine(gemmAxes.batch, total);
  return reshapeIndex(emit, extents, [total], [batch]) as Affine[];
}

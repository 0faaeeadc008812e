/** @file switch as an operation: one of several bodies runs, chosen on the device. Its gradient is a switch. */
import { internal } from "../graph/errors.ts";
import {
  type Attrs,
  isFloat,
  type Node,
  type Primitive,
  type RefArray,
  type ResultType,
  record,
} from "../graph/node.ts";
import { interpret } from "../interpret/interpret.ts";
import { type BundleContext, bundle, part } from "../primitives/bundle.ts";
import { at, list } from "../primitives/factory.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { type Body, bodyOf, makeBody } from "./body.ts";
import { bodyGradient, type OpenBody } from "./bodyGradient.ts";

/** Inputs: the index, an int32 scalar within range, then the leaves of every branch. Results: those of a branch. */
export interface SwitchAttrs extends Attrs {
  readonly branches: readonly number[];
}

const resultTypes = (_: readonly Node[], { branches }: Attrs): ResultType[] =>
  bodyOf(at(list(branches), 0)).outputs.map(({ shape, dtype }) => ({ shape, dtype }));

function reference([index, ...operands]: readonly RefArray[], { branches }: Attrs): Float64Array[] {
  const { leaves, outputs } = bodyOf(at(list(branches), index?.data[0] ?? 0));
  const byLeaf = new Map(leaves.map((leaf, i) => [leaf, at(operands, i)]));
  return interpret(outputs, (node) => byLeaf.get(node) ?? null).map(({ data }) => data);
}

export const switchPrimitive: Primitive = {
  .../*#__PURE__*/ bundle("switch", { results: resultTypes, reference, vjp: switchVjp }),
  flow: "switch",
};

const ownBodies = /*#__PURE__*/ new WeakMap<Node, readonly Body[]>();

/** Records a switch; `part` gives its results. */
export function recordSwitch(index: Node, bodies: readonly Body[], operands: readonly Node[]): Node {
  if (bodies.some(({ leaves }) => leaves.length !== operands.length)) throw internal("switch: operands");
  const attrs: SwitchAttrs = { branches: bodies.map(({ id }) => id) };
  const node = record(switchPrimitive, [index, ...operands], attrs);
  ownBodies.set(node, bodies);
  return node;
}

/** Bodies with leaves for everything that any of the branches uses; `leaves` of each begin with those for `operands`. */
export function uniteBranches(
  operands: readonly Node[],
  branches: readonly OpenBody[],
): { readonly bodies: Body[]; readonly operands: Node[] } {
  const outside = [...new Set(branches.flatMap((branch) => branch.outside))];
  const bodies = branches.map(({ outside: used, leaves, ...branch }) => {
    const given = leaves.slice(0, operands.length);
    const rest = leaves.slice(operands.length);
    const more = outside.map((node) => rest[used.indexOf(node)] ?? placeholderNode(node.shape, node.dtype));
    return makeBody({ ...branch, leaves: [...given, ...more] });
  });
  return { bodies, operands: [...operands, ...outside] };
}

function switchVjp(cotangents: readonly (Node | null)[], context: BundleContext): (Node | null)[] {
  const forward = context.result(0).inputs[0] as Node;
  const bodies = ownBodies.get(forward) ?? list(forward.attrs.branches).map(bodyOf);
  const [index, ...operands] = context.inputs as [Node, ...Node[]];
  const wanted = operands.flatMap((operand, i) => (context.wants[i + 1] && isFloat(operand) ? [i] : []));
  const given = cotangents.flatMap((cotangent, i) => (cotangent ? [{ cotangent, i }] : []));
  if (wanted.length === 0) return context.inputs.map(() => null);
  const branches = bodies.map((body) => bodyGradient(body, given, wanted));
  const isReached = wanted.map((_, k) => branches.some((branch) => branch.isReached[k]));
  const united = uniteBranches(
    [...operands, ...given.map(({ cotangent }) => cotangent)],
    branches.map(({ body }) => body),
  );
  const node = recordSwitch(index, united.bodies, united.operands);
  return context.inputs.map((_, i) => {
    const k = wanted.indexOf(i - 1);
    return k >= 0 && isReached[k] ? part(node, k) : null;
  });
}

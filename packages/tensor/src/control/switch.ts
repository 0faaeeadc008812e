/** @file switch as an operation: one of several bodies runs, chosen on the device. Its gradient is a switch. */
import { vjp } from "../autodiff/vjp.ts";
import { internal } from "../graph/errors.ts";
import {
  type Attrs,
  type Node,
  type Primitive,
  type RefArray,
  type ResultType,
  record,
} from "../graph/node.ts";
import { interpret } from "../interpret/interpret.ts";
import { type BundleContext, bundle, part } from "../primitives/bundle.ts";
import { at, list } from "../primitives/factory.ts";
import { fill } from "../primitives/source.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { type Body, bodyOf, capture, makeBody, windowOf } from "./body.ts";
import { underTraces } from "./trace.ts";

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

/** A branch before its operands are those of all branches. */
export interface Branch extends Omit<Body, "id"> {
  readonly outside: readonly Node[];
}

/** Bodies with leaves for everything that any of the branches uses; `leaves` of each begin with those for `operands`. */
export function uniteBranches(
  operands: readonly Node[],
  branches: readonly Branch[],
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
  const wanted = operands.flatMap(({ dtype }, i) => (context.wants[i + 1] && dtype === "float32" ? [i] : []));
  const given = cotangents.flatMap((cotangent, i) => (cotangent ? [{ cotangent, i }] : []));
  const isReached = wanted.map(() => false);
  const branches = bodies.map((body): Branch => {
    const leaves = given.map(({ cotangent: { shape, dtype } }) => placeholderNode(shape, dtype));
    const { value: outputs, window } = windowOf(() =>
      underTraces(body.traces, () => {
        const ends = given.map(({ i }) => at(body.outputs, i));
        const wrt = wanted.map((i) => at(body.leaves, i));
        const found = vjp(ends, leaves, wrt, {
          enters: (node) => !body.leaves.includes(node),
          inputsOf: ({ inputs }) => inputs,
        });
        return found.map((node, k) => {
          if (node) isReached[k] = true;
          const { shape, dtype } = at(wrt, k);
          return node ?? fill(0, shape, dtype);
        });
      }),
    );
    const windows = [...body.windows, window];
    const own = [...body.leaves, ...leaves];
    const captured = capture({ leaves: own, outputs, windows, foreign: new Set() });
    return {
      leaves: [...own, ...captured.leaves],
      outputs: captured.outputs,
      outside: captured.outside,
      windows,
      traces: body.traces,
    };
  });
  if (wanted.length === 0) return context.inputs.map(() => null);
  const united = uniteBranches([...operands, ...given.map(({ cotangent }) => cotangent)], branches);
  const node = recordSwitch(index, united.bodies, united.operands);
  return context.inputs.map((_, i) => {
    const k = wanted.indexOf(i - 1);
    return k >= 0 && isReached[k] ? part(node, k) : null;
  });
}

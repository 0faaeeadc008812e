/** @file checkpoint as an operation: a body that is inlined, and whose gradient computes it again once the cotangents are there. */
import { type Attrs, isFloat, Node, type Primitive, record } from "../graph/node.ts";
import { barrier } from "../primitives/barrier.ts";
import { type BundleContext, bundle, part } from "../primitives/bundle.ts";
import { at } from "../primitives/factory.ts";
import { type Body, bodyOf, makeBody, membersOf } from "./body.ts";
import { bodyGradient } from "./bodyGradient.ts";

/** Inputs: the leaves of the body. Results: its outputs. */
export interface CheckpointAttrs extends Attrs {
  readonly body: number;
  /** Positions of inputs that everything else waits for; none in a forward pass. */
  readonly after: readonly number[];
}

/**
 * A gradient refers to the operation's inputs alone, so nothing between them and the results is stored for it. Its own copy of the
 * body reads the inputs through barriers: it is another value than the forward pass's, and its kernels wait for the cotangents. Being a
 * checkpoint itself, it keeps nothing for a further derivative either.
 */
export const checkpointPrimitive: Primitive = /*#__PURE__*/ bundle("checkpoint", {
  results: (_, { body }) => bodyOf(body as number).outputs.map(({ shape, dtype }) => ({ shape, dtype })),
  decompose: (inputs, attrs) => {
    const { body, after } = attrs as CheckpointAttrs;
    const latest = newestOf(after.map((i) => at(inputs, i)));
    const waiting = inputs.map((input, i) => (latest && !after.includes(i) ? barrier(input, latest) : input));
    return copyOf(bodyOf(body), waiting);
  },
  vjp: checkpointVjp,
});

/** The cotangent that the backward pass has recorded last: it comes last, too. */
const newestOf = (nodes: readonly Node[]): Node | null =>
  nodes.reduce<Node | null>((newest, node) => (newest && newest.id > node.id ? newest : node), null);

/** The body's outputs with values in the places of its leaves. */
function copyOf(body: Body, values: readonly Node[]): Node[] {
  const copies = new Map(body.leaves.map((leaf, i) => [leaf, at(values, i)]));
  const copied = (node: Node): Node => copies.get(node) as Node;
  for (const node of membersOf(body)) {
    const { primitive, inputs, attrs, shape, dtype } = node;
    copies.set(node, new Node(primitive, inputs.map(copied), attrs, shape, dtype));
  }
  return body.outputs.map(copied);
}

const ownBodies = /*#__PURE__*/ new WeakMap<Node, Body>();

/** Records a checkpoint; `part` gives its results. */
export function recordCheckpoint(body: Body, inputs: readonly Node[], after: readonly number[] = []): Node {
  const attrs: CheckpointAttrs = { body: body.id, after };
  const node = record(checkpointPrimitive, inputs, attrs);
  ownBodies.set(node, body);
  return node;
}

function checkpointVjp(cotangents: readonly (Node | null)[], context: BundleContext): (Node | null)[] {
  const given = cotangents.flatMap((cotangent, i) => (cotangent ? [{ cotangent, i }] : []));
  const wanted = context.inputs.flatMap((input, i) => (context.wants[i] && isFloat(input) ? [i] : []));
  const forward = at(context.result(at(given, 0).i).inputs, 0);
  const body = ownBodies.get(forward) ?? bodyOf(context.attrs.body as number);
  const { body: open, isReached } = bodyGradient(body, given, wanted);
  const { inputs } = context;
  const node = recordCheckpoint(
    makeBody(open),
    [...inputs, ...given.map(({ cotangent }) => cotangent), ...open.outside],
    given.map((_, k) => inputs.length + k),
  );
  return inputs.map((_, i) => {
    const k = wanted.indexOf(i);
    return isReached[k] ? part(node, k) : null;
  });
}

/** @file The reverse walk: cotangents of nodes from cotangents of outputs, as more graph. Loops only, so depth is no limit. */
import { internal, ShapeError } from "../graph/errors.ts";
import { isFloat, type Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { add } from "../primitives/arithmetic.ts";
import { cast } from "../primitives/logic.ts";
import { sumTo } from "../primitives/reduce.ts";
import { addTuples } from "../primitives/tuple.ts";

/** How the walk sees the graph: a tape decides what it recorded and remembers inputs that nodes let go of. */
export interface WalkOptions {
  /** Whether the walk may pass from the node to its inputs. */
  enters(node: Node): boolean;
  inputsOf(node: Node): readonly Node[];
}

/** Whether cotangents can pass through the node at all. */
const passes = (node: Node, options: WalkOptions): boolean =>
  isFloat(node) && node.primitive.vjp !== null && options.enters(node);

/** Nodes that can be reached from the outputs, inputs before consumers (ids ascend along edges). */
function reachable(outputs: readonly Node[], options: WalkOptions): Node[] {
  const seen = new Set<Node>(outputs);
  const stack = [...seen];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (!passes(node, options)) continue;
    for (const input of options.inputsOf(node)) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** The float nodes among `order` that are in `wrt` or depend on one of them. */
function wanting(order: readonly Node[], wrt: ReadonlySet<Node>, options: WalkOptions): Set<Node> {
  const wants = new Set<Node>();
  for (const node of order) {
    const isWanted = () => passes(node, options) && options.inputsOf(node).some((input) => wants.has(input));
    if (isFloat(node) && (wrt.has(node) || isWanted())) wants.add(node);
  }
  return wants;
}

/** Cotangents by node; contributions add up in the order they come. */
class Cotangents {
  readonly #values = new Map<Node, Node>();

  get(node: Node): Node | null {
    return this.#values.get(node) ?? null;
  }

  /** Adds a contribution whose shape may be that of a result `node` was broadcast to. */
  accumulate(node: Node, cotangent: Node): void {
    const isBundle = node.primitive.family === "bundle";
    const own = isBundle ? cotangent : sumTo(cotangent, node.shape);
    const known = this.#values.get(node);
    this.#values.set(node, known ? (isBundle ? addTuples : add)(known, own) : own);
  }
}

/** Passes the cotangent of `node` on to the inputs that want one. */
function visit(node: Node, cotangents: Cotangents, wants: ReadonlySet<Node>, options: WalkOptions): void {
  const cotangent = cotangents.get(node);
  const inputs = options.inputsOf(node);
  const wanted = inputs.map((input) => wants.has(input));
  if (!cotangent || !node.primitive.vjp || !wanted.includes(true)) return;
  const context = { cotangent, inputs, output: node, attrs: node.attrs, wants: wanted };
  const parts = node.primitive.vjp(context);
  for (const [i, input] of inputs.entries()) {
    const part = parts[i];
    if (!part || !wanted[i]) continue;
    if (isFloat(part) !== isFloat(input))
      throw internal(`vjp of ${node.primitive.name}: dtype ${part.dtype}`);
    cotangents.accumulate(input, cast(part, input.dtype));
  }
}

function checkCotangent(output: Node, cotangent: Node): void {
  if (output.shape === cotangent.shape && output.dtype === cotangent.dtype) return;
  throw new ShapeError("vjp", "a cotangent does not match its output.", {
    received: `output ${typeText(output.dtype, output.shape)}, cotangent ${typeText(cotangent.dtype, cotangent.shape)}.`,
    expected: "equal shapes and dtypes.",
    fix: "pass a cotangent of the output's type, or none for ones.",
  });
}

/**
 * Cotangents of `wrt`, given those of `outputs`: transposed Jacobian times vector. null where nothing float connects them.
 * Only nodes that lie between the two are visited, in descending order of record.
 */
export function vjp(
  outputs: readonly Node[],
  cotangents: readonly Node[],
  wrt: readonly Node[],
  options: WalkOptions,
): (Node | null)[] {
  const order = reachable(outputs, options);
  const wants = wanting(order, new Set(wrt), options);
  const found = new Cotangents();
  for (const [i, output] of outputs.entries()) {
    const cotangent = cotangents[i];
    if (!cotangent) throw internal(`vjp: ${outputs.length} outputs, ${cotangents.length} cotangents`);
    if (!wants.has(output)) continue;
    checkCotangent(output, cotangent);
    found.accumulate(output, cotangent);
  }
  for (const node of order.reverse())
    if (wants.has(node) && passes(node, options)) visit(node, found, wants, options);
  return wrt.map((node) => found.get(node));
}

/** @file Body, the sub-graph of a control flow operation: a function over leaves, equal to another by its structure. */
import { internal } from "../graph/errors.ts";
import { attrsKey, type Dtype, type Node, newestId } from "../graph/node.ts";
import type { Shape } from "../graph/shape.ts";
import { customGradientPrimitive } from "../primitives/gradientControl.ts";
import { placeholderNode, readPrimitive } from "../runtime/leaf.ts";
import type { Trace } from "../runtime/scope.ts";

/** Sequence numbers after `from`, up to `to`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** A pure function: `outputs` in terms of `leaves`, its parameters in order. */
export interface Body {
  /** Equal numbers, equal structure: an attribute of the operation that runs the body. */
  readonly id: number;
  readonly leaves: readonly Node[];
  readonly outputs: readonly Node[];
  /** When its nodes were recorded: what else was recorded then may turn up in a gradient. */
  readonly windows: readonly Window[];
  /** Opened again while a gradient rule of the user's runs. */
  readonly traces: readonly Trace[];
}

/** The type of a value. */
export interface ValueType {
  readonly shape: Shape;
  readonly dtype: Dtype;
}

export interface Captured {
  readonly outputs: readonly Node[];
  /** What the body uses from outside, and the leaves that stand for it. */
  readonly outside: readonly Node[];
  readonly leaves: readonly Node[];
}

export interface Capture {
  /** The body's parameters so far. */
  readonly leaves: readonly Node[];
  readonly outputs: readonly Node[];
  readonly windows: readonly Window[];
  /** Values from outside, whenever they were recorded. */
  readonly foreign: ReadonlySet<Node>;
}

/**
 * Finds what the outputs depend on outside of the body and puts leaves in its place, so that the body's nodes hold on to nothing outside.
 * Nodes are changed, not copied: gradient rules refer to them.
 */
export function capture({ leaves, outputs, windows, foreign }: Capture): Captured {
  const own = new Set(leaves);
  const isRecorded = ({ id }: Node) => windows.some(({ from, to }) => id > from && id <= to);
  const isOutside = (node: Node): boolean => {
    if (own.has(node)) return false;
    const { family } = node.primitive;
    if (foreign.has(node) || node.stored || family === "leaf") return true;
    // A result of an operation may be asked for at any time.
    if (family === "part") return isOutside(node.inputs[0] as Node);
    if (!isRecorded(node)) return true;
    // A tape takes gradients with respect to what one reading of a variable saw.
    return node.primitive === readPrimitive && isOutside(node.inputs[0] as Node);
  };
  const standIns = new StandIns();
  const seen = new Set<Node>();
  const stack = outputs.filter((node) => !isOutside(node));
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node) || own.has(node)) continue;
    seen.add(node);
    if (node.inputs.some(isOutside))
      replaceInputs(node, (input) => (isOutside(input) ? standIns.of(input) : input));
    stack.push(...node.inputs.filter((input) => !standIns.has(input)));
  }
  return {
    outputs: outputs.map((node) => (isOutside(node) ? standIns.of(node) : node)),
    outside: standIns.outside,
    leaves: standIns.leaves,
  };
}

class StandIns {
  readonly outside: Node[] = [];
  readonly leaves: Node[] = [];
  readonly #known = new Map<Node, Node>();
  readonly #own = new Set<Node>();

  has(leaf: Node): boolean {
    return this.#own.has(leaf);
  }

  of(node: Node): Node {
    const known = this.#known.get(node);
    if (known) return known;
    const leaf = leafBefore(node.shape, node.dtype);
    this.#known.set(node, leaf);
    this.#own.add(leaf);
    this.outside.push(node);
    this.leaves.push(leaf);
    return leaf;
  }
}

let earliest = 0;

/** A leaf whose number is below every node's, although its readers exist already: walks go by numbers. */
function leafBefore(shape: Shape, dtype: Dtype): Node {
  return Object.assign(placeholderNode(shape, dtype), { id: --earliest });
}

function replaceInputs(node: Node, by: (input: Node) => Node): void {
  const inputs = node.inputs.map(by);
  for (const input of inputs) input.uses++;
  for (const input of node.inputs) input.uses--;
  node.inputs = inputs;
}

/** Bodies by structure, and by number. */
const byKey = new Map<string, Body>();
const byId: Body[] = [];

/** The body of a number. Any one of a structure will do, except for gradients (see `makeBody`). */
export function bodyOf(id: number): Body {
  const body = byId[id];
  if (!body) throw internal(`there is no body ${id}`);
  return body;
}

/**
 * The body with these parts, or a known one of the same structure. A gradient of the user's own is code, which no structure tells apart:
 * such a body is always a new one, under the number of its structure.
 */
export function makeBody(parts: Omit<Body, "id">): Body {
  const nodes = membersOf(parts);
  const key = structureOf(parts, nodes);
  const known = byKey.get(key);
  if (known) {
    const hasOwnRules = nodes.some(({ primitive }) => primitive === customGradientPrimitive);
    return hasOwnRules ? { ...parts, id: known.id } : known;
  }
  const body = { ...parts, id: byId.length };
  byId.push(body);
  byKey.set(key, body);
  return body;
}

/** The nodes between leaves and outputs, inputs first. */
export function membersOf({ leaves, outputs }: Pick<Body, "leaves" | "outputs">): Node[] {
  const seen = new Set<Node>();
  const own = new Set(leaves);
  const stack = [...outputs];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (own.has(node) || seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function structureOf({ leaves, outputs }: Omit<Body, "id">, nodes: readonly Node[]): string {
  const position = new Map<Node, number>();
  for (const node of [...leaves, ...nodes]) if (!position.has(node)) position.set(node, position.size);
  const places = (list: readonly Node[]) => list.map((node) => position.get(node)).join();
  const parts = nodes.map(
    ({ primitive, attrs, shape, dtype, inputs }) =>
      `${primitive.name}{${attrsKey(attrs)}}${shape.id}${dtype}(${places(inputs)})`,
  );
  const types = leaves.map(({ shape, dtype }) => `${shape.id}${dtype}`);
  return `${types.join()}|${places(leaves)}|${parts.join(";")}|${places(outputs)}`;
}

/** Runs `record` and returns when it recorded. */
export function windowOf<T>(record: () => T): { readonly value: T; readonly window: Window } {
  const from = newestId();
  const value = record();
  return { value, window: { from, to: newestId() } };
}

/** @file Control flow in the compiler: the sub-graphs of a scan or a switch as levels of their own, and where their values lie. */
import { type Body, bodyOf, membersOf } from "../control/body.ts";
import { keptMembers, type ScanAttrs } from "../control/scanResults.ts";
import { bytesOf, Node, type Primitive } from "../graph/node.ts";
import { type Shape, shapeOf, stridesOf } from "../graph/shape.ts";
import {
  type Affine,
  addAffine,
  constantAffine,
  flatten,
  modAffine,
  scaleAffine,
  turnAffine,
} from "./affine.ts";
import type { Group } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import { type Level, type LevelContext, planLevel } from "./level.ts";
import { copyOf, GraphBuilder, leafPrimitive } from "./prepare.ts";
import { setShift, takeShift } from "./turn.ts";

/** A sub-graph and the memory of others that it uses. */
export interface SubGraph {
  readonly level: Level;
  /** Leaves of the level, and whose memory each of them is. */
  readonly borrowed: ReadonlyMap<Node, Node>;
  /** Leaves that are rings. */
  readonly rings: ReadonlyMap<Node, Node>;
}

/**
 * A carry lives in one buffer of `slots` places, read at the one of the iteration and written at the next; with all of them kept, these are
 * its history.
 */
export interface Ring {
  /** Its initial value, whose memory is the ring. */
  readonly first: Node;
  readonly slots: number;
  /** Elements from one place to the next. */
  readonly stride: number;
  readonly bytes: number;
  /** In the body: the ring as it is read, and the new value. */
  readonly leaf: Node;
  readonly next: Node;
  /** Results outside, where they are used. */
  readonly final: Node | null;
  readonly history: Node | null;
}

/** A value of a sub-graph that is a result outside. */
export interface Handed {
  readonly inside: Node;
  readonly outside: Node;
}

export interface ScanFlow {
  readonly kind: "scan";
  readonly count: number;
  /** The scalar that its iterations count in. */
  readonly scalar: number;
  readonly rings: readonly Ring[];
  readonly stacked: readonly Handed[];
  readonly body: SubGraph;
}

export interface SwitchFlow {
  readonly kind: "switch";
  /** One flag per branch. */
  readonly flags: Node;
  readonly branches: readonly { readonly body: SubGraph; readonly results: readonly Handed[] }[];
}

export type Flow = ScanFlow | SwitchFlow;

/** The sub-graphs of a flow with the results that they give it. */
export function subGraphsOf(flow: Flow): { readonly body: SubGraph; readonly handed: readonly Handed[] }[] {
  if (flow.kind === "scan") return [{ body: flow.body, handed: flow.stacked }];
  return flow.branches.map(({ body, results }) => ({ body, handed: results }));
}

/** Results that lie in a ring of several places. */
export function ringResults(flow: Flow): Node[] {
  if (flow.kind !== "scan") return [];
  const rings = flow.rings.filter(({ slots }) => slots > 1);
  return rings.flatMap(({ final, history }) => [final, history].filter((node) => node !== null));
}

export type PlanFlow = (group: Group, outer: Grouping, context: LevelContext, scalar: number) => Flow;

/** Plans what a group of control flow runs. */
export const planFlow: PlanFlow = (group, outer, context, scalar) => {
  const { node, results } = group.call as NonNullable<Group["call"]>;
  const plan = node.primitive.flow === "scan" ? planScan : planSwitch;
  return plan(node, results, outer, context, scalar);
};

/** An element of a value that moves with the iterations. */
function movingView(
  name: string,
  place: (node: Node, index: readonly Affine[]) => readonly Affine[],
): Primitive {
  return {
    name,
    family: "movement",
    shape: () => [],
    dtype: () => "float32",
    vjp: null,
    reference: null,
    decompose: null,
    at: (emit, node, index) => emit.value(node.inputs[0] as Node, place(node, index as readonly Affine[])),
    stage: null,
  };
}

const turnOf = ({ attrs }: Node): Affine => turnAffine(attrs.scalar as number, attrs.count as number);

/** The element of a sequence that the iteration has. */
const elementView = /*#__PURE__*/ movingView("element", (node, index) => [
  positionOf(turnOf(node), node.attrs.count as number, node.attrs.reverse as boolean),
  ...index,
]);

/** The place of a ring that the iteration reads. */
const placeView = /*#__PURE__*/ movingView("place", (node, index) => [
  modAffine(turnOf(node), node.attrs.slots as number),
  flatten(index, stridesOf(node.shape)),
]);

const positionOf = (turn: Affine, count: number, reverse: boolean): Affine =>
  reverse ? addAffine(scaleAffine(turn, -1), constantAffine(count - 1)) : turn;

const leafNode = (shape: Shape, dtype: Node["dtype"]): Node => new Node(leafPrimitive, [], {}, shape, dtype);

const resultAt = (results: readonly Node[], index: number): Node | null =>
  results.find(({ attrs }) => attrs.index === index) ?? null;

/** A scan's attributes, and the affine number of the iteration. */
interface ScanShape {
  readonly body: Body;
  readonly count: number;
  readonly reverse: boolean;
  readonly carries: number;
  readonly sequences: number;
  readonly scalar: number;
  readonly turn: Affine;
}

function scanShape({ attrs }: Node, scalar: number): ScanShape {
  const { body, length, reverse, carries, sequences } = attrs as ScanAttrs;
  const turn = turnAffine(scalar, length);
  return { body: bodyOf(body), count: length, reverse, carries, sequences, scalar, turn };
}

function planScan(
  node: Node,
  results: readonly Node[],
  outer: Grouping,
  context: LevelContext,
  scalar: number,
): ScanFlow {
  const scan = scanShape(node, scalar);
  const { body, carries, count, turn } = scan;
  const drafts = draftRings(scan, node, results);
  const builder = new SubGraphBuilder(outer, context, new Set(drafts.map(({ leaf }) => leaf)));
  bindLeaves(scan, node, drafts, builder);
  const stacks = stackedValues(scan, results);
  const roots = builder.roots([...body.outputs.slice(0, carries), ...stacks.map(({ inside }) => inside)]);
  const rings = drafts.map((draft, i): Ring => {
    const next = roots[i] as Node;
    const place = modAffine(addAffine(turn, constantAffine(1)), draft.slots);
    setShift(next, scaleAffine(place, draft.stride));
    return { ...draft, next };
  });
  const position = positionOf(turn, count, scan.reverse);
  const stacked = stacks.map(({ outside }, i): Handed => {
    const inside = roots[carries + i] as Node;
    setShift(inside, scaleAffine(position, inside.shape.size));
    return { inside, outside };
  });
  return { kind: "scan", count, scalar, rings, stacked, body: builder.plan(roots, scalar + 1) };
}

/** Rings of the carries, before the body's graph is built over them. */
function draftRings(scan: ScanShape, node: Node, results: readonly Node[]): Omit<Ring, "next">[] {
  const { body, carries, count } = scan;
  const inPlace = totalsOf(body, carries);
  return body.outputs.slice(0, carries).map((output, i) => {
    const history = resultAt(results, body.outputs.length + i);
    const { size } = output.shape;
    // A history has no gaps; other places begin at whole vectors.
    const stride = history ? size : Math.ceil(size / 4) * 4;
    const slots = history ? count + 1 : inPlace.has(i) ? 1 : 2;
    const leaf = leafNode(shapeOf([slots, stride]), output.dtype);
    const first = node.inputs[i] as Node;
    return { first, slots, stride, bytes: bytesOf(leaf), leaf, final: resultAt(results, i), history };
  });
}

/** What the body's parameters are: places of rings, elements of sequences, values from outside. */
function bindLeaves(
  { body, count, reverse, carries, sequences, scalar }: ScanShape,
  { inputs }: Node,
  rings: readonly Omit<Ring, "next">[],
  builder: SubGraphBuilder,
): void {
  const attrs = { scalar, count, reverse };
  body.leaves.forEach((leaf, i) => {
    const ring = rings[i];
    const input = inputs[i] as Node;
    if (ring) builder.view(leaf, placeView, ring.leaf, { ...attrs, slots: ring.slots });
    else if (i < carries + sequences) builder.view(leaf, elementView, input, attrs);
    else builder.substitute(leaf, input);
  });
}

/** Values of the body that are stacked because somebody reads the stack. */
function stackedValues({ body, carries, count }: ScanShape, results: readonly Node[]): Handed[] {
  const kept = keptMembers(body, count);
  const stackable = [...body.outputs.slice(carries), ...kept];
  return stackable.flatMap((inside, i) => {
    // Behind the stacked results come the histories, then what is kept.
    const isKept = i >= stackable.length - kept.length;
    const outside = resultAt(results, carries * (isKept ? 2 : 1) + i);
    return outside ? [{ inside, outside }] : [];
  });
}

/**
 * Carries that a body only adds to: the sum is written where its element was read, and nobody else reads either, so that one place is
 * enough. The totals of a gradient are such.
 */
function totalsOf(body: Body, carries: number): Set<number> {
  const readers = new Map<Node, number>();
  const count = (node: Node) => readers.set(node, (readers.get(node) ?? 0) + 1);
  for (const node of membersOf(body)) for (const input of node.inputs) count(input);
  for (const output of body.outputs) count(output);
  const isTotal = (output: Node, i: number): boolean => {
    const leaf = body.leaves[i] as Node;
    const adds =
      output.primitive.name === "add" && output.inputs.filter((input) => input === leaf).length === 1;
    const others = output.inputs.filter((input) => input !== leaf);
    const fits = others.every(({ shape }) => shape === output.shape || shape.size === 1);
    return (
      adds && fits && output.shape === leaf.shape && readers.get(leaf) === 1 && readers.get(output) === 1
    );
  };
  const totals = body.outputs.slice(0, carries).flatMap((output, i) => (isTotal(output, i) ? [i] : []));
  return new Set(totals);
}

function planSwitch(
  node: Node,
  results: readonly Node[],
  outer: Grouping,
  context: LevelContext,
  scalar: number,
): SwitchFlow {
  const [flags, ...operands] = node.inputs as [Node, ...Node[]];
  const branches = (node.attrs.branches as readonly number[]).map((id) => {
    const { leaves, outputs } = bodyOf(id);
    const builder = new SubGraphBuilder(outer, context, new Set());
    leaves.forEach((leaf, i) => {
      builder.substitute(leaf, operands[i] as Node);
    });
    const roots = builder.roots(results.map(({ attrs }) => outputs[attrs.index as number] as Node));
    const handed = roots.map((inside, i): Handed => ({ inside, outside: results[i] as Node }));
    for (const { inside, outside } of handed) takeShift(inside, outside);
    return { body: builder.plan(roots, scalar), results: handed };
  });
  return { kind: "switch", flags, branches };
}

/** Views are elements of other values; loops leave their results where these begin. */
function liesElsewhere({ primitive, inputs }: Node): boolean {
  const { name, family } = primitive;
  if (family === "part") return inputs[0]?.primitive.flow === "scan";
  return name === elementView.name || name === placeView.name;
}

/** Builds the graph of a body over the stored values around it; views and constants from outside are computed inside. */
class SubGraphBuilder {
  readonly #outer: Grouping;
  readonly #context: LevelContext;
  readonly #builder: GraphBuilder;
  readonly #rings: ReadonlySet<Node>;

  constructor(outer: Grouping, context: LevelContext, rings: ReadonlySet<Node>) {
    this.#outer = outer;
    this.#context = context;
    this.#rings = rings;
    const isLeaf = (node: Node): boolean =>
      rings.has(node) || node.primitive.family === "leaf" || this.#isStoredOutside(node);
    this.#builder = new GraphBuilder(isLeaf, context.target, context.partCounts, context.templates);
  }

  #isStoredOutside(node: Node): boolean {
    return this.#outer.groupOf.has(node);
  }

  substitute(leaf: Node, value: Node): void {
    this.#builder.substitute(leaf, value);
  }

  view(leaf: Node, primitive: Primitive, of: Node, attrs: Node["attrs"]): void {
    this.#builder.substitute(leaf, new Node(primitive, [of], attrs, leaf.shape, leaf.dtype));
  }

  /** Results have memory that is chosen for them: what lies elsewhere is copied. */
  roots(outputs: readonly Node[]): Node[] {
    return this.#builder.roots(outputs).map((root) => (liesElsewhere(root) ? copyOf(root) : root));
  }

  plan(roots: readonly Node[], scalar: number): SubGraph {
    const { leaves } = this.#builder;
    const { scalars } = this.#context;
    const borrowed = new Map<Node, Node>();
    const rings = new Map<Node, Node>();
    for (const [placeholder, leaf] of leaves) {
      const known = scalars.get(leaf);
      if (known !== undefined) scalars.set(placeholder, known);
      else (this.#rings.has(leaf) ? rings : borrowed).set(placeholder, leaf);
    }
    const input = {
      roots,
      isLeaf: (node: Node) => leaves.has(node),
      isStoredLeaf: (node: Node) => borrowed.has(node) || rings.has(node),
      arenaRoots: new Set<Node>(),
      overwrites: new Map(),
      sharedBinding: () => null,
    };
    return { level: planLevel(input, this.#context, scalar), borrowed, rings };
  }
}

/** @file Evaluation of pending values: what one flush computes, stores and overwrites. */
import { compile, type Destination } from "../compile/compile.ts";
import { bytesOf, type Node, release } from "../graph/node.ts";
import { NodeOrder } from "../graph/nodeOrder.ts";
import { assignPrimitive, ScalarNode, scalarPrimitive } from "./leaf.ts";
import { type Block, Memory } from "./memory.ts";
import type { ProgramEntry } from "./programCache.ts";
import { recording } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import type { VariableState } from "./variableState.ts";

/** Handles of at most this many bytes are stored by every flush that computes them: a loss costs nothing and is usually read. */
const smallBytes = 1024;
const scalarBytes = 16;

let flushCount = 0;

const isLeaf = (node: Node): boolean => node.stored !== null || node.primitive === scalarPrimitive;

/** The nodes of one flush in post-order, and what decides which of them are stored. Nodes are only read. */
export class Walk {
  readonly order: NodeOrder = new NodeOrder();
  readonly scalars: ScalarNode[] = [];
  /** Whether every value is stored or can still be computed. */
  isAlive = true;
  /** By position: how many of a node's uses are consumers in this flush; too few by one for values that are asked for. */
  readonly #inside: number[] = [];
  /** Values that variables take over: their handles need no memory of their own. */
  readonly #assigned = new Set<Node>();

  constructor(roots: readonly Node[]) {
    for (const root of roots) this.#visit(root);
    for (const root of roots) this.#count(root, -1);
  }

  #count({ position }: Node, change: number): void {
    this.#inside[position] = (this.#inside[position] as number) + change;
  }

  /** Depth first; `next` holds how far each node on the path has come with its inputs. */
  #visit(root: Node): void {
    if (this.order.has(root)) return;
    const path: Node[] = [root];
    const next: number[] = [0];
    for (let node = path.at(-1); node; node = path.at(-1)) {
      const inputs = isLeaf(node) ? none : node.inputs;
      let i = next.pop() as number;
      while (i < inputs.length && this.order.has(inputs[i] as Node)) i++;
      if (i === inputs.length) {
        path.pop();
        this.#add(node);
      } else {
        path.push(inputs[i] as Node);
        next.push(i + 1, 0);
      }
    }
  }

  #add(node: Node): void {
    this.order.add(node);
    this.#inside.push(0);
    if (node instanceof ScalarNode) this.scalars.push(node);
    if (node.stored?.lost) this.isAlive = false;
    if (isLeaf(node)) return;
    if (node.primitive === assignPrimitive) this.#assigned.add(node.inputs[0] as Node);
    for (const input of node.inputs) this.#count(input, 1);
  }

  /** Unread scalars and short vectors; of those that were used on, only scalars (a loss that was differentiated). */
  #isSmallHandle(node: Node): boolean {
    if (node.handles === 0 || this.#assigned.has(node)) return false;
    return bytesOf(node) <= (node.uses > 0 ? scalarBytes : smallBytes);
  }

  /** Roots, values with readers outside this flush, small handles, and what earlier runs were asked for. */
  stored(keeps: ReadonlySet<number>): Node[] {
    return this.order.nodes.filter((node, position) => {
      // A bundle has no value; its results have.
      if (isLeaf(node) || node.primitive.bundle) return false;
      if (node.fused) return keepFused(node);
      if (node.uses > (this.#inside[position] as number) || node.pinned) return true;
      return this.#isSmallHandle(node) || keeps.has(position);
    });
  }
}

const none: readonly Node[] = [];

/** Asked for after it was fused away: stored now, and by every later run of the program that computed it. */
function keepFused(node: Node): true {
  node.fused?.keeps.add(node.fused.position);
  node.fused = null;
  return true;
}

/** Device buffers of a run in first-use order. */
class Externals {
  readonly blocks: Block[] = [];
  readonly #index = new Map<Block, number>();

  of(block: Block): number {
    const known = this.#index.get(block);
    if (known !== undefined) return known;
    const index = this.blocks.push(block) - 1;
    this.#index.set(block, index);
    return index;
  }
}

const dtypeCode = { float32: 1, int32: 2, uint32: 3, bool: 4, uint8: 5, int8: 6, float16: 7 } as const;

/** Words that are neither positions nor names. */
const mark = { end: 0xffffffff, noBlock: 0xfffffffe, scalar: 0xfffffffd, leaf: 0xfffffffc } as const;

/** Writes nodes with the positions of their inputs, and leaves with their aliasing. */
function writeGraph(runtime: Runtime, { order }: Walk, externals: Externals): void {
  const { key } = runtime.programs;
  key.reset();
  for (const node of order.nodes) {
    if (isLeaf(node)) {
      writeLeaf(runtime, node, externals);
      continue;
    }
    // By name: a customGradient has a record of its own per call, and all of them compile alike.
    key.text(node.primitive.name);
    key.attributes(node.attrs);
    key.push(node.shape.id);
    key.push(dtypeCode[node.dtype]);
    key.push(node.inputs.length);
    for (const { position } of node.inputs) key.push(position);
  }
}

function writeLeaf(runtime: Runtime, node: Node, externals: Externals): void {
  const { key } = runtime.programs;
  key.push(mark.leaf);
  key.push(dtypeCode[node.dtype]);
  if (!node.stored) {
    key.push(mark.scalar);
    return;
  }
  const memory = runtime.resident(node.stored as Memory);
  key.push(node.shape.id);
  key.push(externals.of(memory.block as Block));
  key.push(memory.offset);
}

/** Writes what a run does with the graph: stored values, overwritten variables, and the shared buffers that plans depend on. */
function writeRun(
  runtime: Runtime,
  stored: readonly Node[],
  dirty: readonly VariableState[],
  externals: Externals,
): void {
  const { key } = runtime.programs;
  key.push(mark.end);
  for (const { position } of stored) key.push(position);
  for (const { memory, current } of dirty) {
    key.push(current.position);
    key.push(memory?.block ? externals.of(memory.block) : mark.noBlock);
    key.push(memory?.offset ?? 0);
  }
  for (const { kind, buffer } of externals.blocks)
    if (kind !== "own") key.push(kind.length * 0x10000 + buffer.bytes);
}

/** Computes the roots of a walk and gives them their values. */
export function evaluate(runtime: Runtime, walk: Walk, dirty: readonly VariableState[]): void {
  const externals = new Externals();
  writeGraph(runtime, walk, externals);
  const base = runtime.programs.lookup();
  const stored = walk.stored(base.keeps);
  writeRun(runtime, stored, dirty, externals);
  const entry = runtime.programs.lookup(base);
  const outputs = allocate(runtime, stored, dirty, externals);
  entry.program ??= build(runtime, entry, walk, outputs, externals);
  runtime.programs.touch(entry);
  settle(runtime, walk, outputs, dirty, base.keeps);
  runtime.device.run(
    entry.program,
    externals.blocks.map((block) => block.buffer),
    outputs.results.map((block) => block.buffer),
    scalarWords(walk.scalars),
  );
  // Only now: the program that has just been queued may have read the oldest versions.
  runtime.ring.trim(flushCount);
}

/** Where the stored values of a flush go. */
interface Outputs {
  readonly memories: ReadonlyMap<Node, Memory>;
  /** Where those go that are copied out at the end. */
  readonly copied: ReadonlyMap<Node, Extract<Destination, { result: number }>>;
  readonly results: readonly Block[];
}

/** Larger values are written where they stay. Copying the others keeps every binding of a repeated flush the same: no new bind groups. */
const copiedBytes = 1 << 16;

/** Memory for every stored value: a dirty variable's own, one block for all small ones, a block for each of the others. */
function allocate(
  runtime: Runtime,
  stored: readonly Node[],
  dirty: readonly VariableState[],
  externals: Externals,
): Outputs {
  const owner = new Map(dirty.map((variable) => [variable.current, variable]));
  const memories = new Map<Node, Memory>();
  const [small, medium]: [Node[], Node[]] = [[], []];
  for (const node of stored) {
    const variable = owner.get(node);
    if (variable || bytesOf(node) > copiedBytes)
      memories.set(node, ownMemory(runtime, node, variable, externals));
    else (bytesOf(node) > smallBytes ? medium : small).push(node);
  }
  const copied = new Map<Node, { result: number; offset: number }>();
  const results = [...packSmall(runtime, small, memories, copied)];
  for (const node of medium) {
    const block = runtime.pool.take(bytesOf(node), "value");
    copied.set(node, { result: results.push(block) - 1, offset: 0 });
    memories.set(node, new Memory(bytesOf(node), block));
  }
  return { memories, copied, results };
}

/** Small values lie in one block: one buffer a flush instead of one per value. */
function packSmall(
  runtime: Runtime,
  small: readonly Node[],
  memories: Map<Node, Memory>,
  copied: Map<Node, { result: number; offset: number }>,
): Block[] {
  const offsets: number[] = [];
  let total = 0;
  for (const node of small) {
    offsets.push(total);
    total += Math.ceil(Math.max(4, bytesOf(node)) / 16) * 16;
  }
  if (total === 0) return [];
  const block = runtime.pool.take(total, "value", small.length === 1 ? "own" : "shared");
  small.forEach((node, i) => {
    const offset = offsets[i] as number;
    copied.set(node, { result: 0, offset });
    memories.set(node, new Memory(bytesOf(node), block, offset));
  });
  return [block];
}

function ownMemory(
  runtime: Runtime,
  node: Node,
  variable: VariableState | undefined,
  externals: Externals,
): Memory {
  const label = variable ? "variable" : "value";
  const memory = variable?.memory ?? new Memory(bytesOf(node), runtime.pool.take(bytesOf(node), label));
  // A first value still on the host goes to the device before it is overwritten: somebody may have read it.
  runtime.resident(memory);
  if (variable) {
    variable.memory = memory;
    memory.isVariable = true;
  }
  externals.of(memory.block as Block);
  return memory;
}

function build(
  runtime: Runtime,
  entry: ProgramEntry,
  walk: Walk,
  { memories, copied, results }: Outputs,
  externals: Externals,
) {
  const { order, scalars } = walk;
  const scalarIndex = new Map<Node, number>(scalars.map((node, i) => [node, i]));
  const placeOf = ({ block, offset }: Memory) => ({ external: externals.of(block as Block), offset });
  const destination = (node: Node, memory: Memory): Destination => copied.get(node) ?? placeOf(memory);
  // In program order, as the key has it.
  const ordered = order.nodes.filter((node) => memories.has(node));
  entry.compiled = compile({
    label: "flush",
    roots: ordered.map((node) => ({ node, to: destination(node, memories.get(node) as Memory) })),
    leafPlace: (node) => {
      const scalar = scalarIndex.get(node);
      if (scalar !== undefined) return { scalar };
      return node.stored && order.has(node) ? placeOf(node.stored as Memory) : null;
    },
    externals: externals.blocks.map(({ buffer, kind }) => ({ bytes: buffer.bytes, arena: kind === "arena" })),
    numResults: results.length,
    numScalars: scalars.length,
    target: runtime.device.target,
  });
  return runtime.device.build(entry.compiled.plan);
}

/**
 * Gives stored nodes their values and lets go of what they were computed from. A variable's old version that somebody may still read
 * is copied to the ring first; the copy is queued before the program that overwrites it.
 */
function settle(
  runtime: Runtime,
  walk: Walk,
  { memories }: Outputs,
  dirty: readonly VariableState[],
  keeps: Set<number>,
): void {
  flushCount++;
  for (const [node, memory] of memories) {
    node.stored = memory;
    if (!keepHistory(node)) release(node);
  }
  for (const variable of dirty) {
    variable.current.handles--;
    saveOldVersion(runtime, variable);
    variable.leaf = variable.current;
  }
  for (const node of walk.order.nodes) {
    if (!isLeaf(node) && node.uses + node.handles > 0) node.fused = { keeps, position: node.position };
  }
}

/** Whether a tape keeps what the node was computed from. */
function keepHistory(node: Node): boolean {
  let kept = false;
  for (const keeper of recording.keepers) {
    if (!keeper.covers(node)) continue;
    keeper.keep(node);
    kept = true;
  }
  return kept;
}

/** Keeps the value a variable's memory holds now, if anybody can still ask for it. */
export function saveOldVersion(runtime: Runtime, variable: VariableState): void {
  const { leaf, memory } = variable;
  if (!memory || leaf === variable.current || leaf.stored?.lost) return;
  if (leaf.uses > 0 || leaf.handles > 0) runtime.ring.save(leaf, memory, flushCount);
  else if (leaf.stored === memory) leaf.stored = null;
}

/** The age of old versions is counted in flushes. */
export const flushesSoFar = (): number => flushCount;

/** Counts a program that overwrites variables without a flush (a compiled step). */
export function countOverwrite(): void {
  flushCount++;
}

const scratch = new DataView(new ArrayBuffer(4));

function scalarWords(scalars: readonly ScalarNode[]): Uint32Array {
  return Uint32Array.from(scalars, ({ value, dtype }) => {
    if (dtype === "float32" || dtype === "float16") scratch.setFloat32(0, value);
    else scratch.setInt32(0, value);
    return scratch.getUint32(0);
  });
}

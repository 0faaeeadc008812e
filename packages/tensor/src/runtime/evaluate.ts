/** @file Evaluation of pending values: what one flush computes, stores and overwrites. */
import { compile, type Destination } from "../compile/compile.ts";
import { bytesOf, type Node, release } from "../graph/node.ts";
import { pinned } from "./flush.ts";
import { assignPrimitive, ScalarNode } from "./leaf.ts";
import { type Block, Memory } from "./memory.ts";
import type { ProgramEntry } from "./programCache.ts";
import { recording } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import type { VariableState } from "./variableState.ts";

/** Handles of at most this many bytes are stored by every flush that computes them: a loss costs nothing and is usually read. */
const smallBytes = 1024;
const scalarBytes = 16;

let flushCount = 0;

/** The nodes of one flush in post-order, with its leaves, stored set and structural key. */
class Walk {
  readonly runtime: Runtime;
  readonly dirty: readonly VariableState[];
  readonly order: Node[] = [];
  readonly position = new Map<Node, number>();
  readonly roots = new Set<Node>();
  readonly #inside = new Map<Node, number>();
  /** Values that variables take over: their handles need no memory of their own. */
  readonly #assigned = new Set<Node>();

  constructor(runtime: Runtime, roots: readonly Node[], dirty: readonly VariableState[]) {
    this.runtime = runtime;
    this.dirty = dirty;
    for (const root of roots) this.#visit(root);
    for (const root of roots) this.roots.add(root);
  }

  #visit(root: Node): void {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      if (this.position.has(node)) {
        stack.pop();
        continue;
      }
      const waiting = this.isLeaf(node) ? [] : node.inputs.filter((input) => !this.position.has(input));
      if (waiting.length > 0) {
        stack.push(...waiting.reverse());
        continue;
      }
      stack.pop();
      this.#add(node);
    }
  }

  #add(node: Node): void {
    this.position.set(node, this.order.push(node) - 1);
    if (this.isLeaf(node)) return;
    // Asked for after it was fused away: stored now, and by every later run of the program that computed it.
    if (node.fused) {
      node.fused.keeps.add(node.fused.position);
      node.fused = null;
      this.roots.add(node);
    }
    if (node.primitive === assignPrimitive) this.#assigned.add(node.inputs[0] as Node);
    for (const input of node.inputs) this.#inside.set(input, (this.#inside.get(input) ?? 0) + 1);
  }

  isLeaf(node: Node): boolean {
    return node.stored !== null || node instanceof ScalarNode;
  }

  /** Unread scalars and short vectors; of those that were used on, only scalars (a loss that was differentiated). */
  #isSmallHandle(node: Node): boolean {
    if (node.handles === 0 || this.#assigned.has(node)) return false;
    return bytesOf(node) <= (node.uses > 0 ? scalarBytes : smallBytes);
  }

  /** Roots, values with readers outside this flush, small handles, and what earlier runs were asked for. */
  stored(keeps: ReadonlySet<number>): Node[] {
    return this.order.filter((node, position) => {
      if (this.isLeaf(node)) return false;
      if (this.roots.has(node) || node.uses > (this.#inside.get(node) ?? 0)) return true;
      return this.#isSmallHandle(node) || keeps.has(position) || pinned.has(node);
    });
  }
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

/** Writes the structure of the flush: nodes, input positions, leaves with their aliasing, stored set, overwritten leaves. */
function writeKey(walk: Walk, stored: readonly Node[] | null, externals: Externals): void {
  const { ids, key } = walk.runtime.programs;
  if (stored === null) {
    key.reset();
    for (const node of walk.order) {
      if (walk.isLeaf(node)) writeLeaf(walk, node, externals);
      else {
        key.push(ids.primitive(node.primitive));
        key.push(ids.attributes(node));
        key.push(node.shape.id);
        key.push(dtypeCode[node.dtype]);
        for (const input of node.inputs) key.push(walk.position.get(input) as number);
      }
    }
    return;
  }
  key.push(0xffffffff);
  for (const node of stored) key.push(walk.position.get(node) as number);
  for (const variable of walk.dirty) {
    const memory = variable.memory;
    key.push(walk.position.get(variable.current) as number);
    key.push(memory?.block ? externals.of(memory.block) : 0xfffffffe);
    key.push(memory?.offset ?? 0);
  }
  // Plans depend on what shared buffers are and how long they are.
  for (const { kind, buffer } of externals.blocks)
    if (kind !== "own") key.push(kind.length * 0x10000 + buffer.bytes);
}

const dtypeCode = { float32: 1, int32: 2, uint32: 3, bool: 4, uint8: 5, int8: 6 } as const;

function writeLeaf(walk: Walk, node: Node, externals: Externals): void {
  const { key } = walk.runtime.programs;
  key.push(dtypeCode[node.dtype]);
  if (node instanceof ScalarNode) {
    key.push(0xfffffffd);
    return;
  }
  const memory = walk.runtime.resident(node.stored as Memory);
  key.push(node.shape.id);
  key.push(externals.of(memory.block as Block));
  key.push(memory.offset);
}

/** Computes the roots and gives them their values; returns everything that was computed on the way. */
export function evaluate(
  runtime: Runtime,
  roots: readonly Node[],
  dirty: readonly VariableState[],
): ReadonlyMap<Node, number> {
  const walk = new Walk(runtime, roots, dirty);
  const externals = new Externals();
  writeKey(walk, null, externals);
  const base = runtime.programs.lookup();
  const stored = walk.stored(base.keeps);
  writeKey(walk, stored, externals);
  const entry = runtime.programs.lookup();
  const scalars = walk.order.filter((node) => node instanceof ScalarNode) as ScalarNode[];
  const outputs = allocate(runtime, stored, dirty, externals);
  entry.program ??= build(runtime, entry, walk, outputs, externals, scalars);
  runtime.programs.touch(entry);
  settle(runtime, walk, outputs, dirty, base.keeps);
  runtime.device.run(
    entry.program,
    externals.blocks.map((block) => block.buffer),
    outputs.results.map((block) => block.buffer),
    scalarWords(scalars),
  );
  // Only now: the program that has just been queued may have read the oldest versions.
  runtime.ring.trim(flushCount);
  return walk.position;
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
  scalars: readonly ScalarNode[],
) {
  const scalarIndex = new Map<Node, number>(scalars.map((node, i) => [node, i]));
  const placeOf = ({ block, offset }: Memory) => ({ external: externals.of(block as Block), offset });
  const destination = (node: Node, memory: Memory): Destination => copied.get(node) ?? placeOf(memory);
  // In program order, as the key has it.
  const ordered = walk.order.filter((node) => memories.has(node));
  entry.compiled = compile({
    label: "flush",
    roots: ordered.map((node) => ({ node, to: destination(node, memories.get(node) as Memory) })),
    leafPlace: (node) => {
      const scalar = scalarIndex.get(node);
      if (scalar !== undefined) return { scalar };
      return node.stored && walk.position.has(node) ? placeOf(node.stored as Memory) : null;
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
    const keepers = [...recording.keepers].filter((keeper) => keeper.covers(node));
    if (keepers.length > 0) for (const keeper of keepers) keeper.keep(node);
    else release(node);
  }
  for (const variable of dirty) {
    variable.current.handles--;
    saveOldVersion(runtime, variable);
    variable.leaf = variable.current;
  }
  for (const [position, node] of walk.order.entries()) {
    if (!node.stored && !walk.isLeaf(node) && node.uses + node.handles > 0) node.fused = { keeps, position };
  }
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
    if (dtype === "float32") scratch.setFloat32(0, value);
    else scratch.setInt32(0, value);
    return scratch.getUint32(0);
  });
}

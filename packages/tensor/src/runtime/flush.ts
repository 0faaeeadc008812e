/** @file What a flush evaluates: a matter of program order only, never of the garbage collector. */
import { bytesOf, type Node } from "../graph/node.ts";
import { NodeOrder } from "../graph/nodeOrder.ts";
import { evaluate, Walk } from "./evaluate.ts";
import { ScalarNode } from "./leaf.ts";
import { Memory, recycled } from "./memory.ts";
import { recording } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import { chunkRoots, periodicCut } from "./threshold.ts";
import type { VariableState } from "./variableState.ts";

export interface FlushOptions {
  /** Also evaluate handles that nobody has read: what was recorded before a variable is overwritten. Implied by dirty variables. */
  readonly unread?: boolean;
}

/**
 * Flushes everything up to now: demanded values, dirty variables and, with them, unread results.
 *
 * @throws StaleTensor if a demanded value depends on a recycled version; everything else is evaluated nonetheless.
 */
export function flush(
  runtime: Runtime,
  demanded: readonly Node[],
  { unread = false }: FlushOptions = {},
): void {
  const { dirty } = recording;
  // What was recorded after the last assignment belongs to the next step, so that every turn of a loop is the same program.
  const cut = unread ? Number.POSITIVE_INFINITY : recording.lastAssignment;
  const roots = collectRoots(demanded, dirty, unread || dirty.length > 0 ? cut : 0);
  const walk = new Walk(roots);
  recording.dirty = [];
  for (const variable of dirty) variable.dirty = false;
  if (walk.isAlive) run(runtime, walk, dirty);
  else flushAlive(runtime, roots, demanded, dirty);
}

function run(runtime: Runtime, walk: Walk, dirty: readonly VariableState[]): void {
  if (walk.order.nodes.length === 0) return;
  evaluate(runtime, walk, dirty);
  const isWaiting = (node: Node) => node.handles > 0 && !node.stored && !walk.order.has(node);
  recording.handles = recording.handles.filter(isWaiting);
}

/** Some roots depend on recycled values: the others are computed. */
function flushAlive(
  runtime: Runtime,
  roots: readonly Node[],
  demanded: readonly Node[],
  dirty: readonly VariableState[],
): void {
  const stale = new Set(roots.filter((root) => !areAlive([root])));
  for (const variable of dirty) settleStale(variable, stale);
  const alive = roots.filter((root) => !stale.has(root));
  run(
    runtime,
    new Walk(alive),
    dirty.filter((variable) => !stale.has(variable.current)),
  );
  if (demanded.some((node) => stale.has(node))) throw recycled();
}

/** A variable whose new value cannot be computed any more holds nothing until it is assigned again. */
function settleStale(variable: VariableState, stale: ReadonlySet<Node>): void {
  if (!stale.has(variable.current)) return;
  const gone = new Memory(bytesOf(variable.current), null);
  gone.lost = true;
  variable.current.handles--;
  variable.current.stored = gone;
  variable.leaf = variable.current;
}

/** Whether values are stored or can still be computed. */
export function areAlive(roots: readonly Node[]): boolean {
  const met = new NodeOrder();
  for (const root of roots) if (!met.has(root)) met.add(root);
  for (const node of met.nodes) {
    if (node.stored?.lost) return false;
    if (node.stored) continue;
    for (const input of node.inputs) if (!met.has(input)) met.add(input);
  }
  return true;
}

/** Demanded values, those asked for again, dirty variables in assign order, and handles that nobody consumed. */
function collectRoots(demanded: readonly Node[], dirty: readonly VariableState[], cut: number): Node[] {
  const roots = new NodeOrder();
  const add = (node: Node): void => {
    if (!node.stored && !(node instanceof ScalarNode) && !roots.has(node)) roots.add(node);
  };
  for (const node of demanded) add(node);
  for (const node of recording.late) add(node);
  for (const { current } of dirty) add(current);
  for (const node of recording.handles) if (node.id <= cut && node.handles > 0 && node.uses === 0) add(node);
  if (recording.late.length > 0) recording.late = [];
  return roots.nodes;
}

/** A program with thousands of results would be as slow to compile as it is useless to keep. */
const rootsPerProgram = 256;

/** A long run of pending values is evaluated in chunks. */
export function flushPending(runtime: Runtime): void {
  const { handles } = recording;
  const cut = periodicCut(handles);
  const rest = handles.slice(cut);
  const roots = chunkRoots(handles.slice(0, cut), rest);
  for (let i = 0; i < roots.length; i += rootsPerProgram) flush(runtime, roots.slice(i, i + rootsPerProgram));
  recording.handles = rest;
}

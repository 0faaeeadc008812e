/** @file When pending values are evaluated, and which: a matter of program order only, never of the garbage collector. */
import { bytesOf, type Node } from "../graph/node.ts";
import { NodeOrder } from "../graph/nodeOrder.ts";
import type { Walk } from "./evaluate.ts";
import { ScalarNode } from "./leaf.ts";
import { Memory, recycled } from "./memory.ts";
import { recording } from "./recording.ts";
import { openRuntime, type Runtime } from "./runtime.ts";
import type { VariableState } from "./variableState.ts";

/** Pending handles at which a flush happens even if nothing was asked for. */
export const pendingLimit = 10_000;

/** The value is stored when it is computed. */
export function pin(node: Node): void {
  node.pinned = true;
}

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
  const walk = new runtime.engine.Walk(roots);
  recording.dirty = [];
  for (const variable of dirty) variable.dirty = false;
  if (walk.isAlive) run(runtime, walk, dirty);
  else flushAlive(runtime, roots, demanded, dirty);
}

function run(runtime: Runtime, walk: Walk, dirty: readonly VariableState[]): void {
  if (walk.order.nodes.length === 0) return;
  runtime.engine.evaluate(runtime, walk, dirty);
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
    new runtime.engine.Walk(alive),
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
function areAlive(roots: readonly Node[]): boolean {
  const met = new NodeOrder();
  for (const root of roots) if (!met.has(root)) met.add(root);
  for (const node of met.nodes) {
    if (node.stored?.lost) return false;
    if (node.stored) continue;
    for (const input of node.inputs) if (!met.has(input)) met.add(input);
  }
  return true;
}

/** A value that was fused away is used again: it must still be computable, and the next flush stores it (throws StaleTensor at this line). */
export function touch(node: Node): void {
  if (node.stored?.lost || node.released) throw recycled();
  if (!node.fused || node.stored) return;
  if (!areAlive([node])) throw recycled();
  if (!recording.late.includes(node)) recording.late.push(node);
}

/** Flushes dirty variables at the end of the microtask in which the first one became dirty. */
export function scheduleFlush(): void {
  queueMicrotask(() => {
    const runtime = openRuntime();
    if (!runtime || recording.dirty.length === 0) return;
    try {
      flush(runtime, []);
    } catch (error) {
      // Nobody could catch it here; who asks for the value gets it again.
      if ((error as Error).name !== "MemoryError") throw error;
    }
  });
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

/** @file When pending values are evaluated, and which: a matter of program order only, never of the garbage collector. */
import { bytesOf, type Node } from "../graph/node.ts";
import { NodeOrder } from "../graph/nodeOrder.ts";
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
  const all = collectRoots(demanded, dirty, unread || dirty.length > 0 ? cut : 0);
  const stale = staleAmong(all);
  const alive = dirty.filter((variable) => !stale.has(variable.current));
  const roots = stale.size === 0 ? all : all.filter((root) => !stale.has(root));
  for (const variable of dirty) settleStale(variable, stale);
  recording.dirty = [];
  if (roots.length > 0) {
    const computed = runtime.engine.evaluate(runtime, roots, alive);
    const isWaiting = (node: Node) => node.handles > 0 && !node.stored && !computed.has(node);
    recording.handles = recording.handles.filter(isWaiting);
  }
  if (demanded.some((node) => stale.has(node))) throw recycled();
}

/** A variable whose new value cannot be computed any more holds nothing until it is assigned again. */
function settleStale(variable: VariableState, stale: ReadonlySet<Node>): void {
  variable.dirty = false;
  if (!stale.has(variable.current)) return;
  const gone = new Memory(bytesOf(variable.current), null);
  gone.lost = true;
  variable.current.handles--;
  variable.current.stored = gone;
  variable.leaf = variable.current;
}

/** The roots that depend on a recycled value: one walk finds that there are none. */
function staleAmong(roots: readonly Node[]): Set<Node> {
  return new Set(areAlive(roots) ? [] : roots.filter((root) => !areAlive([root])));
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
    if (runtime && recording.dirty.length > 0) flush(runtime, []);
  });
}

/** Demanded values, those asked for again, dirty variables in assign order, and handles that nobody consumed. */
function collectRoots(demanded: readonly Node[], dirty: readonly VariableState[], cut: number): Node[] {
  const unreadHandles = recording.handles.filter(
    (node) => node.id <= cut && node.handles > 0 && node.uses === 0,
  );
  const roots = new Set<Node>([
    ...demanded,
    ...recording.late,
    ...dirty.map(({ current }) => current),
    ...unreadHandles,
  ]);
  recording.late = [];
  return [...roots].filter((node) => !node.stored && !(node instanceof ScalarNode));
}

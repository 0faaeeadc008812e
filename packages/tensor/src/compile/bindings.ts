/** @file Bindings of one kernel: which ranges of which buffers it sees, and how values that share a buffer share a binding. */
import type { Binding, BindingRange, Dtype } from "@tenrec/kernels";
import { elementBytes, isHalf, type Node } from "../graph/node.ts";

/** Where a stored value lies: a plan buffer and a byte range in it. */
export interface Placement {
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface Use {
  readonly node: Node;
  readonly mode: "read" | "write" | "or";
  readonly vector: boolean;
}

/** How code reaches a value: its binding and the element offset in it. */
export interface Access {
  readonly binding: number;
  readonly offset: number;
  readonly vector: boolean;
}

export interface BindingTable {
  readonly bindings: Binding[];
  readonly ranges: BindingRange[];
  access(node: Node): Access;
}

const alignment = 256;
const padded = (bytes: number) => Math.ceil(bytes / 16) * 16;

/**
 * One binding per value where ranges allow it. Values of one buffer share a binding over the whole buffer when one of them is written
 * (WebGPU forbids read-only and writable bindings of one buffer in a dispatch) or when a range is not aligned to 256 bytes.
 */
export function bindValues(
  uses: readonly Use[],
  placeOf: (node: Node) => Placement,
  bufferBytes: (buffer: number) => number,
): BindingTable {
  const table = { bindings: [] as Binding[], ranges: [] as BindingRange[] };
  const accesses = new Map<Node, Access>();
  for (const ofBuffer of groupBy(uses, (use) => placeOf(use.node).buffer)) {
    for (const shared of shareGroups(ofBuffer, placeOf)) {
      const whole =
        new Set(shared.map((use) => placeOf(use.node).offset)).size > 1 || !isAligned(shared, placeOf);
      const binding = addBinding(table, shared, whole, placeOf, bufferBytes);
      for (const { node } of shared) {
        const { offset } = placeOf(node);
        accesses.set(node, {
          binding,
          offset: whole ? offset / elementBytes(node.dtype) : 0,
          vector: (table.bindings[binding] as Binding).vector,
        });
      }
    }
  }
  return { ...table, access: (node) => accesses.get(node) as Access };
}

function isAligned(uses: readonly Use[], placeOf: (node: Node) => Placement): boolean {
  return uses.every((use) => placeOf(use.node).offset % alignment === 0);
}

/** Read-only aligned values keep a binding each; otherwise all values of the buffer share one (those of float16 another). */
function shareGroups(uses: readonly Use[], placeOf: (node: Node) => Placement): Use[][] {
  const readOnly = uses.every((use) => use.mode === "read");
  if (readOnly && isAligned(uses, placeOf)) return groupBy(uses, (use) => placeOf(use.node).offset);
  return readOnly ? groupBy(uses, (use) => isHalf(use.node)) : [[...uses]];
}

function addBinding(
  table: { bindings: Binding[]; ranges: BindingRange[] },
  uses: readonly Use[],
  whole: boolean,
  placeOf: (node: Node) => Placement,
  bufferBytes: (buffer: number) => number,
): number {
  const { buffer, offset } = placeOf((uses[0] as Use).node);
  const dtypes = new Set(uses.map((use) => storageDtype(use.node.dtype)));
  const atomic = uses.some((use) => use.mode === "or");
  const written = uses.some((use) => use.mode === "write");
  const bytes = Math.max(...uses.map((use) => placeOf(use.node).bytes));
  // Within a binding over the whole buffer, vectors start at multiples of four elements.
  const startsVector = ({ node }: Use) => !whole || placeOf(node).offset % 16 === 0;
  table.ranges.push(
    whole ? { buffer, offset: 0, bytes: bufferBytes(buffer) } : { buffer, offset, bytes: padded(bytes) },
  );
  return (
    table.bindings.push({
      dtype: atomic || dtypes.size > 1 ? "uint32" : ([...dtypes][0] as Dtype),
      access: atomic ? "atomic" : written ? "read_write" : "read",
      vector: !atomic && uses.every((use) => use.vector && startsVector(use)),
    }) - 1
  );
}

const storageDtype = (dtype: Dtype): Dtype => (dtype === "bool" ? "uint32" : dtype);

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

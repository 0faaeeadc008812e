/** @file What was recorded since the last evaluation. Exists before a device is chosen. */
import { type Node, release } from "../graph/node.ts";
import type { VariableState } from "./variableState.ts";

/** Something that needs the inputs of nodes which get a value (a gradient tape while it records). */
export interface HistoryKeeper {
  /** It is recording now. */
  readonly records: boolean;
  covers(node: Node): boolean;
  keep(node: Node): void;
}

/** The pending part of the program. */
export interface Recording {
  /** Handles made since the last flush, in order. */
  handles: Node[];
  /** Variables assigned since the last flush, in order. */
  dirty: VariableState[];
  /** Sequence number of the newest assignment. */
  lastAssignment: number;
  /** Values that were fused away and are used again: stored by the next flush. */
  late: Node[];
  readonly keepers: Set<HistoryKeeper>;
}

/** Lets nodes with a value go of their inputs, where no other keeper needs them. */
export function releaseKept(nodes: Iterable<Node>): void {
  for (const node of nodes) {
    const stillKept = [...recording.keepers].some((keeper) => keeper.covers(node));
    if (!stillKept && node.stored) release(node);
  }
}

export const recording: Recording = {
  handles: [],
  dirty: [],
  lastAssignment: 0,
  late: [],
  keepers: new Set(),
};

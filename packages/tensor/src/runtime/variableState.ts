/** @file What the runtime knows of a variable: its current node and the memory it owns. */
import type { Node } from "../graph/node.ts";
import type { Memory } from "./memory.ts";

export interface VariableState {
  readonly name: string;
  /** The newest value: a leaf in `memory`, or a pending assignment. */
  current: Node;
  /** The leaf whose value `memory` holds now. */
  leaf: Node;
  /** The variable's own memory; null until the first value is stored. */
  memory: Memory | null;
  dirty: boolean;
}

/** @file Scopes: handle-free library code, traces, tidy. They take synchronous functions; a Promise would outlive them. */
import { EscapedTensor, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { letGo } from "./memory.ts";
import type { VariableState } from "./variableState.ts";

/** What a trace does with variables and random generators. */
export interface Trace {
  readonly name: string;
  open: boolean;
  /** Numbers are data as outside of traces: the function is traced again at every call. */
  readonly numbersAreData?: boolean;
  read(variable: VariableState): Node;
  assign(variable: VariableState, value: Node): void;
  /** What is recorded from here on is made by `maker`: a name, or whoever made a node (its gradient). */
  note?(maker: string | Node): void;
}

interface Scopes {
  handleFree: number;
  /** Values of tensors made in the open handle-free scope: read by it until it ends. */
  library: Node[];
  trace: Trace | null;
  /** Handles made inside the innermost tidy. */
  tidy: Set<Disposable> | null;
}

export const scopes: Scopes = { handleFree: 0, library: [], trace: null, tidy: null };

/** Library code makes no handles: what the user does not get back is never stored for him. */
export function isHandleFree(): boolean {
  return scopes.handleFree > 0;
}

/** Runs library code. At the end of the outermost scope `keep` makes handles of what is returned; all else is let go. */
export function inHandleFree<T>(body: () => T, keep: (result: T) => void = () => {}): T {
  scopes.handleFree++;
  try {
    const result = body();
    if (scopes.handleFree === 1) {
      scopes.handleFree = 0;
      keep(result);
      scopes.handleFree = 1;
    }
    return result;
  } finally {
    if (--scopes.handleFree === 0) letGoOfLibrary();
  }
}

/**
 * Nodes from a handle-free scope, which the caller makes handles of. Nodes are no tensors, so the scope keeps none of them; but a rule
 * inside (of a customGradient) may have made tensors on them, which the scope lets go of.
 */
export function nodesHandleFree(body: () => readonly (Node | null)[]): readonly (Node | null)[] {
  const nodes = inHandleFree(() => {
    const found = body();
    for (const node of found) if (node) node.uses++;
    return found;
  });
  for (const node of nodes) if (node) node.uses--;
  return nodes;
}

function letGoOfLibrary(): void {
  const nodes = scopes.library;
  scopes.library = [];
  for (const node of nodes) node.uses--;
  for (const node of nodes) letGo(node);
}

/** Names who makes what is recorded from here on, for a trace that wants to know. */
export function noteMaker(name: string): void {
  scopes.trace?.note?.(name);
}

export function inTrace<T>(trace: Trace, body: () => T): T {
  const previous = scopes.trace;
  scopes.trace = trace;
  try {
    return refusePromise(trace.name, body());
  } finally {
    scopes.trace = previous;
    trace.open = false;
  }
}

/** Scopes end when their function returns; an async function would go on outside. */
export function refusePromise<T>(where: string, value: T): T {
  if (!(value instanceof Promise)) return value;
  value.catch(() => {});
  throw new ValueError(where, "the function is asynchronous.", {
    received: "a function that returned a Promise.",
    expected: "a synchronous function; nothing inside may be awaited.",
    fix: "await the data before the scope, and read results after it.",
  });
}

export function escaped(trace: Trace): EscapedTensor {
  return new EscapedTensor(trace.name, "a tensor left the traced function that made it.", {
    received: "a tensor from inside a trace, used after it ended.",
    expected: "only returned tensors and variables outlive a traced function.",
    fix: "return the tensor from the function, or store it with variable.assign(tensor).",
  });
}

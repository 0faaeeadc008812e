/** @file Scopes: handle-free library code, traces, tidy. They take synchronous functions; a Promise would outlive them. */
import { EscapedTensor, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import type { VariableState } from "./variableState.ts";

/** What a trace does with variables and random generators. */
export interface Trace {
  readonly name: string;
  open: boolean;
  read(variable: VariableState): Node;
  assign(variable: VariableState, value: Node): void;
}

interface Scopes {
  handleFree: number;
  trace: Trace | null;
  /** Handles made inside the innermost tidy. */
  tidy: Set<Disposable> | null;
}

export const scopes: Scopes = { handleFree: 0, trace: null, tidy: null };

/** Library code makes no handles: what the user does not get back is never stored for him. */
export function isHandleFree(): boolean {
  return scopes.handleFree > 0;
}

export function inHandleFree<T>(body: () => T): T {
  scopes.handleFree++;
  try {
    return body();
  } finally {
    scopes.handleFree--;
  }
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

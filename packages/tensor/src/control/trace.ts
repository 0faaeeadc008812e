/** @file Tracing the function of a control flow operation: what it reads from outside, and the state that it changes. */
import { type Node, newestId, release } from "../graph/node.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { inTrace, scopes, type Trace } from "../runtime/scope.ts";
import type { VariableState } from "../runtime/variableState.ts";
import { assignOutside } from "../variable.ts";
import type { ValueType, Window } from "./body.ts";

/** A function's graph over leaves. State that it assigns to is a further parameter and a further result. */
export interface TracedBody<R> {
  readonly result: R;
  readonly parameters: readonly Node[];
  readonly outputs: readonly Node[];
  /** Assigned variables, their leaves and their new values. */
  readonly states: readonly VariableState[];
  readonly stateLeaves: readonly Node[];
  readonly stateValues: readonly Node[];
  readonly window: Window;
  readonly trace: Trace;
  readonly foreign: ReadonlySet<Node>;
}

/** Variables keep their outer value in a body, but for those that it assigns to: these are handed from one run to the next. */
class BodyTrace implements Trace {
  readonly name: string;
  open = true;
  readonly foreign = new Set<Node>();
  readonly missing = new Set<VariableState>();
  readonly #outer: Trace | null = scopes.trace;
  readonly numbersAreData: boolean = this.#outer ? (this.#outer.numbersAreData ?? false) : true;
  readonly #values = new Map<VariableState, Node>();

  constructor(name: string, states: readonly VariableState[], leaves: readonly Node[]) {
    this.name = name;
    states.forEach((state, i) => {
      this.#values.set(state, leaves[i] as Node);
    });
  }

  read(state: VariableState): Node {
    const known = this.#values.get(state);
    if (known) return known;
    const node = this.#outer ? this.#outer.read(state) : state.current;
    this.foreign.add(node);
    return node;
  }

  assign(state: VariableState, value: Node): void {
    if (!this.#values.has(state)) this.missing.add(state);
    this.#values.set(state, value);
  }
}

/**
 * Traces `body` over leaves of these types; it returns its outputs and whatever else the caller wants to know. `states` are known to be
 * assigned; if `body` assigns to more, it is traced again with them as parameters.
 */
export function traceBody<R>(
  name: string,
  types: readonly ValueType[],
  body: (parameters: readonly Node[]) => { readonly outputs: readonly Node[]; readonly result: R },
  states: readonly VariableState[] = [],
): TracedBody<R> {
  const parameters = types.map(({ shape, dtype }) => placeholderNode(shape, dtype));
  const stateLeaves = states.map(({ current }) => placeholderNode(current.shape, current.dtype));
  const trace = new BodyTrace(name, states, stateLeaves);
  const from = newestId();
  const { outputs, result } = inTrace(trace, () => body(parameters));
  const stateValues = states.map((state) => trace.read(state));
  if (trace.missing.size > 0) {
    releaseRecorded([...outputs, ...stateValues], from, trace.foreign);
    return traceBody(name, types, body, [...states, ...trace.missing]);
  }
  const window = { from, to: newestId() };
  const { foreign } = trace;
  return { result, parameters, outputs, states, stateLeaves, stateValues, window, trace, foreign };
}

/** Undoes a recording: its nodes let go of what lies outside, which stays, whoever may still need it. */
function releaseRecorded(outputs: readonly Node[], from: number, foreign: ReadonlySet<Node>): void {
  // A variable that is first read inside has a leaf that is as new as the body.
  const isOutside = (node: Node): boolean =>
    node.id <= from || node.primitive.family === "leaf" || foreign.has(node);
  const roots = new Set(outputs.filter((node) => !isOutside(node)));
  const seen = new Set(roots);
  const outside = new Set<Node>();
  for (const node of seen) for (const input of node.inputs) (isOutside(input) ? outside : seen).add(input);
  for (const node of outside) node.uses++;
  for (const node of roots) if (node.uses === 0) release(node);
  for (const node of outside) node.uses--;
}

/** The values that variables have where the operation stands. */
export function valuesOutside(states: readonly VariableState[]): Node[] {
  return states.map((state) => scopes.trace?.read(state) ?? state.current);
}

/** Assigns where the operation stands. */
export function assignStates(states: readonly VariableState[], values: readonly Node[]): void {
  states.forEach((state, i) => {
    assignOutside(state, values[i] as Node);
  });
}

/** Runs gradient rules as if the functions they come from had not ended: tensors of those may be used in them. */
export function underTraces<T>(traces: readonly Trace[], body: () => T): T {
  const before = traces.map(({ open }) => open);
  const innermost = scopes.trace;
  for (const trace of traces) trace.open = true;
  scopes.trace = traces.at(-1) ?? innermost;
  try {
    return body();
  } finally {
    scopes.trace = innermost;
    traces.forEach((trace, i) => {
      trace.open = before[i] as boolean;
    });
  }
}

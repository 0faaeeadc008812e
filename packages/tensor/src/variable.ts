/** @file Variable: a tensor-valued state that assignments replace. */
import { ShapeError, StateError, ValueError } from "./graph/errors.ts";
import { bytesOf, type Dtype, isHalf, type Node } from "./graph/node.ts";
import { typeText } from "./graph/shape.ts";
import { add, sub } from "./primitives/arithmetic.ts";
import { cast, where } from "./primitives/logic.ts";
import { broadcastTo, pad, reshape } from "./primitives/movement.ts";
import { fill } from "./primitives/source.ts";
import { createNode, TensorBase, type TensorLike, toNode } from "./runtime/handles.ts";
import { hostNode, isHostArray, typed } from "./runtime/host.ts";
import { assignNode, dataNode, readNode } from "./runtime/leaf.ts";
import { type HostData, letGo, Memory } from "./runtime/memory.ts";
import { flushDirty, scheduleFlush } from "./runtime/pending.ts";
import { recording } from "./runtime/recording.ts";
import { openRuntime } from "./runtime/runtime.ts";
import { scopes } from "./runtime/scope.ts";
import type { VariableState } from "./runtime/variableState.ts";
import { Tensor } from "./tensor.ts";

export interface VariableOptions {
  readonly name?: string;
  readonly dtype?: Dtype;
  /** Whether optimizers update it and tapes watch it by default. */
  readonly trainable?: boolean;
}

/** Called when a watched scope reads a variable (gradient tapes). */
export interface ReadObserver {
  read(variable: Variable, node: Node): void;
}

const observers = new Set<ReadObserver>();

export function observeReads(observer: ReadObserver): () => void {
  observers.add(observer);
  return () => observers.delete(observer);
}

/** float16 while a layer computes in it: variables are read as that, and keep what they have in float32. */
let autocast: Dtype | null = null;

/** Reads of float32 variables give `dtype` until further notice; null: as they are. Returns what held before. For layers. */
export function autocastVariables(dtype: Dtype | null): Dtype | null {
  const before = autocast;
  autocast = dtype;
  return before;
}

let unnamed = 0;

/**
 * State on the device: a tensor that can be assigned. All tensor methods read its value at the time of the call.
 *
 * @example
 * const v = new Variable(ones([2, 2]), { name: "v" });
 * v.assignAdd([[1, 1], [1, 1]]);
 * v.at(0, 0).assign(5);
 */
export class Variable extends Tensor {
  readonly name: string;
  trainable: boolean;
  /** Whether layers that compute in float16 read it so; false for statistics and counts. */
  autocast = true;
  /** For the runtime; not part of the public contract. */
  readonly state: VariableState;

  /**
   * @param value - Initial value.
   * @throws StateError inside a trace: variables are made in the first call, outside of compiled functions.
   */
  constructor(value: TensorLike, options: VariableOptions = {}) {
    const initial = createNode(value, isHostArray(value) ? value.shape : undefined, options.dtype);
    super(initial);
    if (scopes.trace) throw madeInTrace(scopes.trace.name);
    this.name = options.name ?? `variable_${++unnamed}`;
    this.trainable = options.trainable ?? true;
    // Host data that only this variable has seen becomes its memory as it is; a tensor's value may have other readers.
    const own = value instanceof TensorBase ? null : takeHostMemory(initial);
    this.state = newState(this.name, options.dtype ? cast(initial, options.dtype) : initial, own);
  }

  protected override value(): Node {
    const { state } = this;
    const node = scopes.trace ? scopes.trace.read(state) : state.current;
    const seen = observers.size === 0 ? node : readNode(node);
    if (seen !== node) for (const observer of observers) observer.read(this, seen);
    return autocast && this.autocast && node.dtype === "float32" ? cast(seen, autocast) : seen;
  }
  // Shape and dtype never change: asking for them is not a read.
  override get shape() {
    return this.state.current.shape;
  }
  override get dtype(): Dtype {
    return this.state.current.dtype;
  }

  /** A variable is its own owner: being returned from library code does not make it one more. */
  override hold(): this {
    return this;
  }
  override retain(): this {
    return this;
  }

  /** Gives the memory back, unless it is shared with other variables (then when all of them are gone). */
  override dispose(): void {
    super.dispose();
    const { memory } = this.state;
    if (memory?.block?.kind === "own") memory.block.pool.give(memory.block);
  }

  /** The current value as a tensor that later assignments do not change. */
  read(): Tensor {
    return new Tensor(this.node).hold();
  }

  /**
   * Replaces the value.
   *
   * @throws ShapeError if the shape differs; the variable keeps its value.
   */
  assign(value: TensorLike): this {
    const isFirst = isUnreadStart(this.state);
    if (!isFirst) settleAssignment(this.state);
    const node = cast(toNode(value, this.dtype), this.dtype);
    this.#checkShape("assign", node);
    const host = scopes.trace ? null : (node.stored as Memory | null)?.host;
    if (isFirst && host) startAgain(this.state, host);
    else if (!host || !writeInPlace(this.state, host)) this.#replace(node);
    return this;
  }
  /** Adds to the value; `value` may broadcast to the variable's shape. */
  assignAdd(value: TensorLike): this {
    return this.#update("assignAdd", value, add);
  }
  assignSub(value: TensorLike): this {
    return this.#update("assignSub", value, sub);
  }

  /**
   * Writes host data straight into the variable's memory, in program order and without a kernel.
   *
   * @param data - As many elements as the variable has, of its dtype's array type.
   */
  load(data: HostData): this {
    if (data.length !== this.size) throw wrongLength(this, data.length);
    loadState(this.state, typed(this.dtype, data));
    return this;
  }

  #update(where: string, value: TensorLike, op: (a: Node, b: Node) => Node): this {
    settleAssignment(this.state);
    const node = op(unrounded(this), cast(toNode(value, this.dtype), this.dtype));
    this.#checkShape(where, node);
    this.#replace(node);
    return this;
  }

  #replace(value: Node): void {
    if (scopes.trace) scopes.trace.assign(this.state, value);
    else assignState(this.state, value);
  }

  #checkShape(where: string, value: Node): void {
    if (value.shape === this.shape) return;
    throw new ShapeError(where, `the value does not have the shape of variable "${this.name}".`, {
      received: `${typeText(value.dtype, value.shape)} for ${typeText(this.dtype, this.shape)}.`,
      expected: `shape [${this.shape.join(",")}].`,
      fix: "reshape or broadcast the value first; the variable keeps its old value.",
    });
  }

  /** The element or part at leading indices; it can be assigned. */
  override at(...indices: readonly number[]): VariableElement {
    return new VariableElement(this, indices, super.at(...indices).node);
  }

  override toString(): string {
    return `Variable "${this.name}" ${typeText(this.dtype, this.shape)}`;
  }
}

/** A part of a variable that was asked for by position: a tensor, and a place to assign to. */
export class VariableElement extends Tensor {
  readonly #variable: Variable;
  readonly #indices: readonly number[];

  constructor(variable: Variable, indices: readonly number[], node: Node) {
    super(node);
    this.#variable = variable;
    this.#indices = indices;
  }

  /** Replaces this part of the variable. @throws ShapeError if the value does not broadcast to the part's shape. */
  assign(value: TensorLike): Variable {
    const { shape } = this;
    const variable = this.#variable;
    settleAssignment(variable.state);
    const part = broadcastTo(cast(toNode(value, variable.dtype), variable.dtype), shape);
    const low = variable.shape.map((extent, axis) => {
      const index = this.#indices[axis] ?? 0;
      return index < 0 ? index + extent : index;
    });
    const boxed = variable.shape.map((extent, axis) => (axis < this.#indices.length ? 1 : extent));
    const high = variable.shape.map(
      (extent, axis) => extent - (boxed[axis] as number) - (low[axis] as number),
    );
    const none = low.map(() => 0);
    const spread = (x: Node, outside: number) => pad(reshape(x, boxed), low, high, none, outside);
    const inside = spread(fill(1, part.shape, "bool"), 0);
    return variable.assign(new Tensor(where(inside, spread(part, 0), unrounded(variable))));
  }
}

/** The value that an update starts from, whatever layers read. */
function unrounded({ node }: Variable): Node {
  return isHalf(node) ? (node.inputs[0] as Node) : node;
}

function newState(name: string, value: Node, memory: Memory | null): VariableState {
  if (memory) {
    memory.isVariable = true;
    return { name, current: value, leaf: value, memory, dirty: false };
  }
  const current = pendingAssignment(value);
  const state: VariableState = { name, current, leaf: current, memory: null, dirty: false };
  markDirty(state);
  return state;
}

function takeHostMemory(value: Node): Memory | null {
  const { stored } = value;
  return stored instanceof Memory && stored.host && value.handles === 0 && value.uses === 0 ? stored : null;
}

/**
 * Before a second assignment what was recorded up to the first is evaluated. It comes before the new value is recorded, so that a version
 * which the new value reads cannot be recycled in between.
 */
export function settleAssignment(state: VariableState): void {
  if (state.dirty && !scopes.trace) flushDirty();
}

/** Assigns a computed value of the variable's type, in a trace or outside. */
export function assignOutside(state: VariableState, value: Node): void {
  if (scopes.trace) scopes.trace.assign(state, value);
  else assignState(state, value);
}

/** Records an assignment outside of traces. */
function assignState(state: VariableState, value: Node): void {
  if (state.dirty) state.current.handles--;
  state.current = pendingAssignment(value);
  markDirty(state);
}

/** The variable holds its pending value like a handle, until it is stored. */
function pendingAssignment(value: Node): Node {
  const node = assignNode(value);
  node.handles++;
  recording.lastAssignment = node.id;
  return node;
}

function markDirty(state: VariableState): void {
  if (state.dirty) return;
  state.dirty = true;
  if (recording.dirty.length === 0) scheduleFlush();
  recording.dirty.push(state);
}

/** A first value that is still to be computed and that nobody else has seen: a new one takes its place. */
const isUnreadStart = ({ dirty, memory, current }: VariableState): boolean =>
  dirty && !memory && current.uses === 0 && current.handles === 1 && !scopes.trace;

/** Drops the first value, unseen, for one that waits on the host. */
function startAgain(state: VariableState, data: HostData): void {
  const { current } = state;
  recording.dirty.splice(recording.dirty.indexOf(state), 1);
  moveToHost(state, bytesOf(current), data);
  current.handles--;
  letGo(current);
}

function loadState(state: VariableState, data: HostData): void {
  settleAssignment(state);
  if (!writeInPlace(state, data)) assignState(state, hostNode(data, state.leaf.shape, state.leaf.dtype));
}

/** Overwrites the variable's memory where it lies, without a kernel; false where somebody may still read the old value. */
function writeInPlace(state: VariableState, data: HostData): boolean {
  const runtime = openRuntime();
  const { memory, leaf } = state;
  const isRead = leaf.uses > 0 || leaf.handles > 0;
  if (!memory || state.dirty) return false;
  if (runtime && memory.block && memory.block.pool !== runtime.pool) moveToHost(state, memory.bytes, data);
  else if (isRead) return false;
  else if (memory.host) memory.host = data;
  else if (runtime && memory.block) runtime.device.write(memory.block.buffer, memory.offset, data);
  else return false;
  return true;
}

/** The value waits on the host until the device asks for it (the old one may be gone). */
function moveToHost(state: VariableState, bytes: number, data: HostData): void {
  state.memory = new Memory(bytes, null, 0, data);
  state.memory.isVariable = true;
  state.leaf = dataNode(state.leaf.shape, state.leaf.dtype, state.memory);
  state.current = state.leaf;
  state.dirty = false;
}

function wrongLength(variable: Variable, length: number): ShapeError {
  return new ShapeError("load", `the data does not fill variable "${variable.name}".`, {
    received: `${length} values for ${typeText(variable.dtype, variable.shape)}.`,
    expected: `${variable.size} values.`,
    fix: "check the variable's shape; it keeps its old value.",
  });
}

function madeInTrace(name: string): StateError {
  return new StateError("Variable", "a variable is made inside a compiled function.", {
    received: `new Variable(...) while ${name} is traced.`,
    expected: "variables made before the function is compiled.",
    fix: "create it outside, or in a layer's build, and use it inside.",
  });
}

/** Refuses values that are no variables where variables are needed. */
export function requireVariables(where: string, values: readonly unknown[]): readonly Variable[] {
  const bad = values.findIndex((value) => !(value instanceof Variable));
  if (bad < 0) return values as readonly Variable[];
  throw new ValueError(where, "not a variable.", {
    received: `${String(values[bad])} at position ${bad}.`,
    expected: "Variable objects.",
    fix: "pass model.trainableVariables or the variables themselves.",
  });
}

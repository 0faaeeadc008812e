/** @file A traced function as one program: inputs are bound, variables updated in place, results copied out. */
import type { DeviceBuffer, Program, Target } from "@tenrec/kernels";
import { type Compiled, type CompileOptions, compile, type Destination } from "../compile/compile.ts";
import { bytesOf, type Dtype, type Node } from "../graph/node.ts";
import { countOverwrite, flushesSoFar, saveOldVersion } from "./evaluate.ts";
import { flush } from "./flush.ts";
import { typed } from "./host.ts";
import { dataNode, placeholderNode, ScalarNode } from "./leaf.ts";
import { checkPlan, withActivations } from "./limit.ts";
import { Makers } from "./makers.ts";
import { type Block, Memory, recycled } from "./memory.ts";
import { recording } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import { inTrace, type Trace } from "./scope.ts";
import type { VariableState } from "./variableState.ts";

export interface Signature {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

interface TracedVariable {
  readonly state: VariableState;
  /** Its value at the start of a run. */
  readonly leaf: Node;
  current: Node;
}

/** A function's graph over placeholders, with the variables it reads and writes. Device-independent. */
export class TracedFunction implements Trace {
  readonly name: string;
  open = true;
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** Nodes recorded before the trace, used inside: constants of the program. */
  readonly captured: readonly Node[];
  readonly #variables = new Map<VariableState, TracedVariable>();
  readonly #makers = new Makers();

  constructor(
    name: string,
    signatures: readonly Signature[],
    body: (inputs: readonly Node[]) => readonly Node[],
  ) {
    this.name = name;
    this.inputs = signatures.map(({ shape, dtype }) => placeholderNode(shape, dtype));
    const start = this.inputs[0]?.id ?? placeholderNode([], "float32").id;
    this.outputs = inTrace(this, () => body(this.inputs));
    this.captured = this.#findCaptured(start);
  }

  read(state: VariableState): Node {
    return this.#track(state).current;
  }

  assign(state: VariableState, value: Node): void {
    this.#track(state).current = value;
  }

  note(maker: string | Node): void {
    this.#makers.note(maker);
  }

  /** Name of the layer that recorded a node, or the node whose gradient it is part of. */
  makerOf(node: Node): string {
    return this.#makers.of(node);
  }

  #track(state: VariableState): TracedVariable {
    let traced = this.#variables.get(state);
    if (!traced) {
      const leaf = placeholderNode(state.current.shape, state.current.dtype);
      traced = { state, leaf, current: leaf };
      this.#variables.set(state, traced);
    }
    return traced;
  }

  all(): readonly TracedVariable[] {
    return [...this.#variables.values()];
  }

  written(): readonly TracedVariable[] {
    return this.all().filter(({ leaf, current }) => leaf !== current);
  }

  #findCaptured(start: number): Node[] {
    const leaves = new Set<Node>([...this.inputs, ...this.all().map(({ leaf }) => leaf)]);
    const found = new Set<Node>();
    const seen = new Set<Node>();
    const stack = [...this.outputs, ...this.written().map(({ current }) => current)];
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (seen.has(node) || leaves.has(node)) continue;
      seen.add(node);
      if (node.id < start || node.stored) found.add(node);
      else stack.push(...node.inputs);
    }
    return [...found];
  }
}

/** A traced function compiled for one device and the places its variables have there. */
export class CompiledFunction {
  readonly traced: TracedFunction;
  readonly #runtime: Runtime;
  readonly #options: CompileOptions;
  readonly #like: CompiledFunction | null;
  #compiled: Compiled | null = null;
  #program: Program | null = null;
  #target: Target | null = null;
  #blocks: readonly Block[] = [];
  #places: readonly { readonly block: Block | null; readonly offset: number }[] = [];
  readonly #variables: readonly TracedVariable[];
  readonly #written: readonly TracedVariable[];

  /** `like`: whose kernel choices are taken over (the full batch's, for a smaller one). */
  constructor(
    runtime: Runtime,
    traced: TracedFunction,
    options: CompileOptions = {},
    like: CompiledFunction | null = null,
  ) {
    this.#like = like;
    this.#runtime = runtime;
    this.traced = traced;
    this.#options = options;
    // The program reads them as long as it lives.
    for (const node of traced.captured) node.uses++;
    this.#variables = traced.all();
    this.#written = traced.written();
  }

  /** Makes everything a run with these inputs needs; resolves when every pipeline is built. */
  async prepare(inputs: readonly Node[]): Promise<void> {
    this.#settleState(inputs);
    this.#refresh(inputs);
    const program = this.#program as Program;
    const bound = this.#inputBlocks(inputs);
    try {
      await program.ready;
    } catch (error) {
      this.#forget(program);
      throw withActivations(error, this.#compiled as Compiled);
    }
    // Only now: buffers that the GPU had no memory for must not be bound.
    if (this.#program === program) this.#runtime.device.bind(program, this.#buffers(bound));
  }

  /** A program that cannot be built gives back what it holds. */
  #forget(program: Program): void {
    program.dispose();
    if (this.#program === program) this.#program = null;
  }

  /** The last compilation's artefacts. */
  get explained(): Compiled | null {
    return this.#compiled;
  }

  /** Queues one run; returns fresh memory for each output. */
  run(inputs: readonly Node[]): Memory[] {
    this.#settleState(inputs);
    this.#refresh(inputs);
    const { pool, device } = this.#runtime;
    const results = this.traced.outputs.map(
      (node) => new Memory(bytesOf(node), pool.take(bytesOf(node), "result")),
    );
    const bound = this.#inputBlocks(inputs);
    this.#overwrite();
    device.run(
      this.#program as Program,
      this.#buffers(bound),
      results.map(({ block }) => (block as Block).buffer),
      none,
    );
    this.#runtime.ring.trim(flushesSoFar());
    return results;
  }

  /** An input that lies in memory the program overwrites (a variable that was read) is copied: it must keep its value. */
  #inputBlocks(inputs: readonly Node[]): Block[] {
    const { pool, device } = this.#runtime;
    const overwritten = new Set(this.#written.map(({ state }) => state.memory?.block));
    return inputs.map((node) => {
      const memory = node.stored as Memory;
      const block = this.#runtime.resident(memory).block as Block;
      if (!overwritten.has(block) && memory.offset === 0) return block;
      const copy = pool.take(memory.bytes, "input");
      device.copy(block.buffer, memory.offset, copy.buffer, 0, Math.ceil(memory.bytes / 4) * 4);
      return copy;
    });
  }

  #buffers(inputs: readonly Block[]): DeviceBuffer[] {
    return [...inputs, ...this.#blocks].map((block) => block.buffer);
  }

  /** Everything recorded before that this program reads or overwrites is evaluated first. */
  #settleState(inputs: readonly Node[]): void {
    for (const input of inputs) if (input instanceof ScalarNode) input.stored ??= scalarMemory(input);
    const isPending = (node: Node) => !node.stored;
    // A value that found no memory when it was assigned is computed now, or the error comes again.
    for (const { state } of this.#variables) {
      if (state.dirty || (state.memory && state.current === state.leaf)) continue;
      state.dirty = true;
      recording.dirty.push(state);
    }
    const needed = [...inputs, ...this.traced.captured].filter(isPending);
    // What was recorded before and reads a variable that this program overwrites comes first.
    const unread = this.#written.some(({ state }) => state.leaf.uses > 0);
    if (needed.length > 0 || recording.dirty.length > 0 || unread) {
      flush(this.#runtime, needed, { unread });
    }
    if (this.#variables.some(({ state }) => state.current.stored?.lost)) throw recycled();
    for (const { state } of this.#variables) if (state.memory) this.#runtime.resident(state.memory);
  }

  /** Old versions that pending values still need are saved; from here on the variables' leaves are new values. */
  #overwrite(): void {
    if (this.#written.length === 0) return;
    countOverwrite();
    for (const { state } of this.#written) {
      const { leaf, memory } = state;
      if (leaf.uses === 0 && leaf.handles === 0) continue;
      state.current = dataNode(leaf.shape, leaf.dtype, memory as Memory);
      saveOldVersion(this.#runtime, state);
      state.leaf = state.current;
    }
  }

  /** Memory of variables and captured values; a captured value moves when the variable it was read from is overwritten. */
  #memories(): (Memory | null)[] {
    const captured = this.traced.captured.map((node) => this.#runtime.resident(node.stored as Memory));
    return [...this.#variables.map(({ state }) => state.memory), ...captured];
  }

  /** Compiles for the present places and target; again only if one of them has changed. */
  #refresh(inputs: readonly Node[]): void {
    const memories = this.#memories();
    const moved = memories.some((memory, i) => {
      const known = this.#places[i];
      return !known || known.block !== memory?.block || known.offset !== memory?.offset;
    });
    const { device } = this.#runtime;
    const { target } = device;
    if (this.#program && !moved && this.#target === target) return;
    this.#compiled = this.#compile();
    checkPlan(this.#runtime, this.traced.name, this.#compiled, this.#newBytes(inputs));
    this.#program?.dispose();
    this.#program = null;
    try {
      this.#program = device.build(this.#compiled.plan);
    } catch (error) {
      throw withActivations(error, this.#compiled);
    }
    this.#target = target;
    this.#places = memories.map((memory) => ({ block: memory?.block ?? null, offset: memory?.offset ?? 0 }));
  }

  /** Bytes of results, and of inputs that still lie on the host. */
  #newBytes(inputs: readonly Node[]): number {
    const onHost = inputs.filter(({ stored }) => (stored as Memory | null)?.host);
    return [...this.traced.outputs, ...onHost].reduce((sum, node) => sum + bytesOf(node), 0);
  }

  #compile(): Compiled {
    const { traced } = this;
    const variables = this.#variables;
    const runtime = this.#runtime;
    const numInputs = traced.inputs.length;
    const blocks: Block[] = [];
    const placeIn = (memory: Memory) => {
      const block = memory.block as Block;
      if (!blocks.includes(block)) blocks.push(block);
      return { external: numInputs + blocks.indexOf(block), offset: memory.offset };
    };
    const leaves = new Map<Node, { external: number; offset: number }>();
    traced.inputs.forEach((node, external) => leaves.set(node, { external, offset: 0 }));
    for (const { leaf, state } of variables) leaves.set(leaf, placeIn(state.memory as Memory));
    for (const node of traced.captured) leaves.set(node, placeIn(runtime.resident(node.stored as Memory)));
    const roots = [
      ...traced.outputs.map((node, result): { node: Node; to: Destination } => ({
        node,
        to: { result, offset: 0 },
      })),
      ...this.#written.map(({ current, state }) => ({ node: current, to: placeIn(state.memory as Memory) })),
    ];
    this.#blocks = blocks;
    const like = this.#like?.explained;
    return compile({
      label: traced.name,
      roots,
      leafPlace: (node) => leaves.get(node) ?? null,
      externals: [
        ...traced.inputs.map((node) => ({ bytes: Math.ceil(bytesOf(node) / 16) * 16, arena: false })),
        ...blocks.map(({ buffer, kind }) => ({ bytes: buffer.bytes, arena: kind === "arena" })),
      ],
      numResults: traced.outputs.length,
      numScalars: 0,
      target: runtime.device.target,
      makerOf: (node) => traced.makerOf(node),
      options: { ...this.#options, ...(like ? { like } : {}) },
    });
  }
}

const none = new Uint32Array(0);

/** A bare number as an argument becomes data like any other. */
function scalarMemory({ value, dtype }: ScalarNode): Memory {
  return new Memory(4, null, 0, typed(dtype, [value]));
}

/** @file GradientTape: a window of the program in which values keep what they were computed from. */
import { StateError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { add } from "../primitives/arithmetic.ts";
import { fill } from "../primitives/source.ts";
import { isTensor, type TensorLike, toNode, useNode } from "../runtime/handles.ts";
import { inHandleFree, nodesHandleFree, refusePromise, scopes } from "../runtime/scope.ts";
import { Tensor, wrap } from "../tensor.ts";
import { observeReads, type ReadObserver, Variable } from "../variable.ts";
import { closeWith, History } from "./history.ts";
import { jacobianNode } from "./jacobian.ts";
import { vjp } from "./vjp.ts";

export interface GradientTapeOptions {
  /** Allow several calls of `gradient`; close it with `close()` afterwards. */
  readonly persistent?: boolean;
  /** Watch trainable variables that are read inside. */
  readonly watchAccessedVariables?: boolean;
}

/** What a gradient is taken with respect to. */
export type Source = Tensor | Variable;

export interface GradientOptions {
  /** Cotangent of the target; ones by default. */
  readonly outputGradients?: TensorLike;
}

/**
 * Records the operations of a function, for gradients of any order (tapes nest).
 *
 * @example
 * const x = tensor(3);
 * const tape = new GradientTape();
 * const y = tape.run(() => { tape.watch(x); return ops.square(x); });
 * await tape.gradient(y, x).item(); // 6
 */
export class GradientTape implements ReadObserver {
  readonly #persistent: boolean;
  readonly #watchesVariables: boolean;
  readonly #history = new History();
  #used = false;
  #watched = new Set<Node>();
  #watchedVariables = new Set<Variable>();
  #reads = new Map<Variable, Set<Node>>();

  constructor({ persistent = false, watchAccessedVariables = true }: GradientTapeOptions = {}) {
    this.#persistent = persistent;
    this.#watchesVariables = watchAccessedVariables;
    closeWith(this, this.#history);
  }

  /**
   * Runs a synchronous function and records it.
   *
   * @throws ValueError if the function is asynchronous.
   */
  run<T>(body: () => T): T {
    const unobserve = observeReads(this);
    try {
      return this.#history.during(() => refusePromise("GradientTape.run", body()));
    } finally {
      unobserve();
    }
  }

  /** Gradients may be taken with respect to this tensor. */
  watch(source: Source | readonly Source[]): void {
    for (const one of isList(source) ? source : [source]) {
      if (one instanceof Variable) this.#watchedVariables.add(one);
      else this.#watched.add(useNode(one));
    }
  }

  /** Runs a function that this tape does not record. */
  stopRecording<T>(body: () => T): T {
    if (!this.#history.records) return body();
    this.#history.stop();
    try {
      return body();
    } finally {
      this.#history.start();
    }
  }

  /** Forgets everything recorded so far. Inside `run`, recording goes on from here. */
  reset(): void {
    this.#history.reset();
    this.#watched = new Set();
    this.#watchedVariables = new Set();
    this.#reads = new Map();
    this.#used = false;
  }

  /** Gives back what a persistent tape keeps. */
  close(): void {
    this.#history.close();
  }

  /**
   * d target / d source, with the source's shape; null where they are not connected.
   *
   * @param target - Tensor (or tensors, whose gradients add up).
   * @param sources - A tensor or variable, or a list of them.
   * @throws StateError on a second call of a tape that is not persistent.
   */
  gradient(target: Tensor | readonly Tensor[], sources: Source, options?: GradientOptions): Tensor;
  gradient(
    target: Tensor | readonly Tensor[],
    sources: readonly Source[],
    options?: GradientOptions,
  ): Tensor[];
  gradient(
    target: Tensor | readonly Tensor[],
    sources: Source | readonly Source[],
    options: GradientOptions = {},
  ): Tensor | Tensor[] {
    this.#checkUse();
    const targets = (isList(target) ? target : [target]).map(useNode);
    const list = isList(sources) ? sources : [sources];
    const found = nodesHandleFree(() => this.#gradients(targets, list, options)).map(
      (node) => node && wrap(node),
    );
    if (!this.#persistent) this.close();
    // Unconnected sources give null, as in TensorFlow; the type says Tensor so that connected ones need no assertion.
    return (isList(sources) ? found : found[0]) as Tensor | Tensor[];
  }

  /**
   * All partial derivatives: shape [...target.shape, ...source.shape]; null where they are not connected.
   */
  jacobian(target: Tensor, source: Source): Tensor {
    this.#checkUse();
    const [node] = nodesHandleFree(() => [
      jacobianNode(useNode(target), (cotangent) => this.#gradientNode(useNode(target), source, cotangent)),
    ]);
    if (!this.#persistent) this.close();
    return (node && wrap(node)) as Tensor;
  }

  #gradientNode(target: Node, source: Source, cotangent: Node): Node | null {
    return this.#walk([target], [cotangent], [source])[0] ?? null;
  }

  #gradients(
    targets: readonly Node[],
    sources: readonly Source[],
    options: GradientOptions,
  ): (Node | null)[] {
    const given = options.outputGradients;
    const cotangents = targets.map((node) =>
      given === undefined ? fill(1, node.shape, node.dtype) : toNode(given, node.dtype),
    );
    return this.#walk(targets, cotangents, sources);
  }

  /** A variable's gradient is the sum over the values it had when it was read. */
  #walk(targets: readonly Node[], cotangents: readonly Node[], sources: readonly Source[]): (Node | null)[] {
    const nodesOf = sources.map((source) => this.#sourceNodes(source));
    const flat = nodesOf.flat();
    const found = vjp(targets, cotangents, flat, {
      enters: (node) => this.#history.covers(node),
      inputsOf: (node) => node.inputs,
    });
    return nodesOf.map((nodes) => {
      const parts = nodes.map((node) => found[flat.indexOf(node)]).filter((part) => part != null);
      return parts.length === 0 ? null : parts.reduce((a, b) => add(a, b));
    });
  }

  #sourceNodes(source: Source): Node[] {
    if (source instanceof Variable) return [...(this.#reads.get(source) ?? [])];
    const node = useNode(source);
    // A value computed inside the window needs no watching.
    return this.#watched.has(node) || this.#history.covers(node) ? [node] : [];
  }

  #checkUse(): void {
    if (this.#used && !this.#persistent) {
      throw new StateError("GradientTape", "gradients were already taken.", {
        received: "a second call of gradient or jacobian.",
        expected: "one call, unless the tape is persistent.",
        fix: "new GradientTape({ persistent: true }), or ask for all sources in one call.",
      });
    }
    this.#used = true;
  }

  read(variable: Variable, node: Node): void {
    const isWatched = (this.#watchesVariables && variable.trainable) || this.#watchedVariables.has(variable);
    if (this.#history.records && isWatched) this.#addRead(variable, node);
  }

  #addRead(variable: Variable, node: Node): void {
    const nodes = this.#reads.get(variable);
    if (nodes) nodes.add(node);
    else this.#reads.set(variable, new Set([node]));
  }
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

/**
 * Gradients inside a traced function, where nothing has to be recorded apart: the whole trace is visible.
 *
 * @returns one gradient per source, null where it does not depend on it.
 */
export function gradients(target: Tensor, sources: readonly Source[]): (Tensor | null)[] {
  return inHandleFree(() => {
    const nodes = sources.map((source) => (isTensor(source) ? useNode(source) : (source as Tensor).node));
    const node = useNode(target);
    const { trace } = scopes;
    const found = vjp([node], [fill(1, node.shape, node.dtype)], nodes, {
      // Asked for each node right before its gradient is recorded.
      enters: (entered) => {
        trace?.note?.(entered);
        return true;
      },
      inputsOf: ({ inputs }) => inputs,
    });
    trace?.note?.("");
    return found.map((part) => part && new Tensor(part).hold());
  });
}

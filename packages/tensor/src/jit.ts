/** @file jit: a function traced once per signature and run as one program. */
import { ValueError } from "./graph/errors.ts";
import type { Node } from "./graph/node.ts";
import type { CompiledFunction, Signature, TracedFunction } from "./runtime/compiled.ts";
import { isTensor, type TensorBase, useNode } from "./runtime/handles.ts";
import { dataNode } from "./runtime/leaf.ts";
import type { Memory } from "./runtime/memory.ts";
import { recording } from "./runtime/recording.ts";
import { openRuntime, type Runtime, ready } from "./runtime/runtime.ts";
import { inHandleFree, refusePromise, scopes } from "./runtime/scope.ts";
import { Tensor } from "./tensor.ts";
import { flattenTree, type Tree, unflattenTree } from "./tree.ts";
import { Variable } from "./variable.ts";

export interface JitOptions {
  /** Shown in labels and messages. */
  readonly name?: string;
  /** Fuse values into shared kernels (off: one kernel per value, for bug hunts). */
  readonly fuse?: boolean;
  /** Run independent kernels in one dispatch. */
  readonly sideBySide?: boolean;
  /** Readers compute cheap values anew instead of loading them. */
  readonly recompute?: boolean;
  /** Use hand-written kernels for operations that have one (off: their decompositions). */
  readonly templates?: boolean;
  /** Later signatures take over the kernel choices (tiles, schedules) of the first: call it first with the largest batch. */
  readonly sameKernels?: boolean;
}

/** A compiled function; `explain()` gives the last compiled program's stages as data. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** Traces and compiles for these arguments without running; resolves when the pipelines are built. */
  prepare(...args: A): Promise<void>;
  explain(): CompiledFunction["explained"];
}

const retraceWarning = 5;

/**
 * Traces `fn` once per signature (shapes, dtypes and every other argument) and runs it as one program. Numbers are static: pass a tensor
 * for a value that changes. Variables are read and assigned as usual.
 *
 * @param fn - A synchronous function of tensors, nested arrays or records of tensors, and static values.
 * @throws ValueError if `fn` is asynchronous; StateError if it makes a Variable; EscapedTensor on use of a tensor that left the trace.
 * @example
 * const step = jit((a, b, c) => ({ d: a.mul(b).add(c), e: a.mul(b).mul(c) }));
 */
export function jit<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const name = options.name ?? (fn.name || "jit");
  const known = new Map<string, Specialised<R>>();
  let last: Specialised<R> | null = null;
  const specialisation = (runtime: Runtime, args: A, leaves: Tree): Specialised<R> => {
    const key = signatureKey(leaves);
    let entry = known.get(key);
    if (!entry || entry.runtime !== runtime) {
      const [first = null] = options.sameKernels ? [...known.values()] : [];
      entry = specialise(
        runtime,
        name,
        fn,
        args,
        options,
        first?.runtime === runtime ? first.compiled : null,
      );
      known.set(key, entry);
      if (known.size === retraceWarning + 1) warnRetraces(name);
    }
    last = entry;
    return entry;
  };
  const call = (...args: A): R => {
    const runtime = openRuntime();
    // Inside another trace, under a recording tape or before a device is chosen, the function is simply recorded.
    if (!runtime || scopes.trace || isTaped()) return refusePromise(name, fn(...snapshots(args)));
    const leaves = flattenTree(args);
    return specialisation(runtime, args, leaves).call(leaves.leaves.filter(isTensor));
  };
  const prepare = async (...args: A): Promise<void> => {
    const runtime = await ready();
    const leaves = flattenTree(args);
    await specialisation(runtime, args, leaves).prepare(leaves.leaves.filter(isTensor));
  };
  return Object.assign(call, { prepare, explain: () => last?.compiled.explained ?? null });
}

function warnRetraces(name: string): void {
  console.warn(
    `jit: ${name} has been traced ${retraceWarning + 1} times. Each new shape, dtype or number compiles again; pass numbers that change as tensors.`,
  );
}

function signatureKey({ leaves, shape }: Tree): string {
  const parts = leaves.map((leaf) => {
    if (isTensor(leaf)) return `${leaf.dtype}[${leaf.shape.join()}]`;
    if (typeof leaf === "function" || (typeof leaf === "object" && leaf !== null)) throw refuseArgument(leaf);
    return `${typeof leaf}:${String(leaf)}`;
  });
  return `${shape}|${parts.join("|")}`;
}

function refuseArgument(value: unknown): ValueError {
  return new ValueError("jit", "an argument cannot be compared between calls.", {
    received:
      typeof value === "function" ? "a function." : `a ${value?.constructor?.name ?? "special"} object.`,
    expected: "tensors, numbers, strings, booleans, and plain arrays or records of them.",
    fix: "wrap host data with tensor(data); let the compiled function refer to other objects from outside.",
  });
}

/** A compiled call sees the values its arguments have at the call; so does one that is recorded in place. */
function snapshots<A extends readonly unknown[]>(args: A): A {
  const tree = flattenTree(args);
  const leaves = tree.leaves.map((leaf) => (leaf instanceof Variable ? leaf.read() : leaf));
  return unflattenTree({ ...tree, leaves }) as unknown as A;
}

const isTaped = (): boolean => [...recording.keepers].some((keeper) => keeper.records);

interface Specialised<R> {
  readonly runtime: Runtime;
  readonly compiled: CompiledFunction;
  call(inputs: readonly TensorBase[]): R;
  prepare(inputs: readonly TensorBase[]): Promise<void>;
}

function specialise<A extends readonly unknown[], R>(
  runtime: Runtime,
  name: string,
  fn: (...args: A) => R,
  args: A,
  { fuse = true, sideBySide = true, recompute = true, templates = true }: JitOptions,
  like: CompiledFunction | null,
): Specialised<R> {
  const tree = flattenTree(args);
  const signatures = tree.leaves.filter(isTensor).map(({ shape, dtype }): Signature => ({ shape, dtype }));
  let output: Tree | null = null;
  const { TracedFunction, CompiledFunction } = runtime.engine;
  const traced = new TracedFunction(name, signatures, (inputs) => {
    let next = 0;
    const leaves = tree.leaves.map((leaf) => (isTensor(leaf) ? new Tensor(inputs[next++] as Node) : leaf));
    const result = refusePromise(name, fn(...(unflattenTree({ ...tree, leaves }) as unknown as A)));
    output = flattenTree(result);
    return output.leaves.filter(isTensor).map(useNode);
  });
  const compiled = new CompiledFunction(runtime, traced, { fuse, sideBySide, recompute, templates }, like);
  const { leaves } = output as unknown as Tree;
  const prepare = (inputs: readonly TensorBase[]) => compiled.prepare(inputs.map(useNode));
  const call = (inputs: readonly TensorBase[]): R => {
    const results = compiled.run(inputs.map(useNode));
    let next = 0;
    const values = leaves.map((leaf) => (isTensor(leaf) ? resultTensor(traced, results, next++) : leaf));
    return unflattenTree({ ...(output as unknown as Tree), leaves: values }) as R;
  };
  return { runtime, compiled, call, prepare };
}

function resultTensor(traced: TracedFunction, results: readonly Memory[], i: number): Tensor {
  const { shape, dtype } = traced.outputs[i] as Node;
  return new Tensor(dataNode(shape, dtype, results[i] as Memory)).hold();
}

/** Runs library code: tensors made inside are not kept for the user; only what it returns becomes a handle. */
export function handleFree<T>(body: () => T): T {
  return inHandleFree(body, (result) => {
    for (const leaf of flattenTree(result).leaves) if (isTensor(leaf)) leaf.hold();
  });
}

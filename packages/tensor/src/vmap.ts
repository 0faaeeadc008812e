/** @file vmap: functions of single elements as functions of batches. */
import { ValueError } from "./graph/errors.ts";
import { map, type Nested } from "./ops/control.ts";
import { moveaxis } from "./ops/shape.ts";
import type { Tensor, TensorLike } from "./tensor.ts";
import { flattenTree, unflattenTree } from "./tree.ts";

/** The mapped axis of every argument (null: each call gets all of it), or one for all of them. */
export type InAxes = number | readonly (number | null)[];

export interface VmapOptions {
  readonly inAxes?: InAxes;
  /** Where the mapped axis is in the results. */
  readonly outAxes?: number;
}

/**
 * A function of single elements as a function of batches: arguments are mapped over an axis, and results are stacked along one. It runs
 * element by element on the device (see `vectorizedMap`); gradients of any order.
 *
 * @param fn - A function of tensors, or of tensors nested in arrays and records, returning such.
 * @throws ValueError if `inAxes` has another length than the arguments, or nothing is mapped.
 * @see jax.vmap
 * @example
 * vmap((x, y) => x.add(y), { inAxes: [0, null] })(tensor([[1, 2], [3, 4]]), tensor([10, 20])); // [[11, 22], [13, 24]]
 */
export function vmap<R = Tensor>(
  // The caller states what his function takes.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  fn: (...args: any[]) => unknown,
  { inAxes = 0, outAxes = 0 }: VmapOptions = {},
): (...args: readonly Nested[]) => R {
  return (...args) => {
    const axes = axesOf(inAxes, args.length);
    const mapped = args.filter((_, i) => axes[i] !== null);
    const moved = mapped.map((arg, k) => moveAll(arg, axes.filter((axis) => axis !== null)[k] as number, 0));
    const results = map<readonly unknown[], unknown>((elements) => {
      let next = 0;
      return fn(...args.map((arg, i) => (axes[i] === null ? arg : elements[next++])));
    }, moved);
    return moveAll(results, 0, outAxes) as R;
  };
}

function axesOf(inAxes: InAxes, count: number): readonly (number | null)[] {
  const axes = typeof inAxes === "number" ? Array.from({ length: count }, () => inAxes) : inAxes;
  if (axes.length === count && axes.some((axis) => axis !== null)) return axes;
  throw new ValueError("vmap", "the axes do not fit the arguments.", {
    received: `inAxes [${axes.join()}] for ${count} arguments.`,
    expected: "an axis for every argument, null where it is not mapped; at least one of them mapped.",
    fix: "pass { inAxes: 0 } to map the leading axis of every argument.",
  });
}

/** Moves an axis of every tensor of a structure. */
function moveAll(value: Nested, from: number, to: number): unknown {
  if (from === to) return value;
  const tree = flattenTree(value);
  const leaves = tree.leaves.map((leaf) => moveaxis(leaf as TensorLike, from, to));
  return unflattenTree({ ...tree, leaves });
}

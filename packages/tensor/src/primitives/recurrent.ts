/** @file What recurrent sequences share: steps of batch-major arrays, masks, the hidden product's gradient, launches, second derivatives. */
import { type Dtype, recurrentLaunch, type Target, type Template } from "@tenrec/kernels";
import { vjp as walkBack } from "../autodiff/vjp.ts";
import { ShapeError } from "../graph/errors.ts";
import { type Attrs, type Node, newestId, release, type TemplateCall } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import type { BundleContext } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at, typesText } from "./factory.ts";
import { where } from "./logic.ts";
import { concat, reshape, sliceAxis } from "./movement.ts";
import { constant, fill } from "./source.ts";

export interface Extents {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
}

/** [batch, steps, gates * units] at one step: [batch, gates * units]. */
export function stepAt(x: Node, t: number): Node {
  const [batch, , width] = x.shape as unknown as [number, number, number];
  return reshape(sliceAxis(x, 1, t, t + 1), [batch, width]);
}

/** Values [batch, width] of the steps in order as [batch, steps, width]. */
export function stacked(steps: readonly Node[]): Node {
  const [batch, width] = at(steps, 0).shape as unknown as [number, number];
  return concat(
    steps.map((step) => reshape(step, [batch, 1, width])),
    1,
  );
}

/** Gates `from` to `to` of [..., gates * units]. */
export const gates = (x: Node, units: number, from: number, to: number = from + 1): Node =>
  sliceAxis(x, x.shape.length - 1, from * units, to * units);

/** `active` where the mask [batch, steps] is true at step t, else `masked`. */
export function choose(mask: Node | null, t: number, active: Node, masked: Node): Node {
  if (!mask) return active;
  return where(sliceAxis(mask, 1, t, t + 1), active, masked);
}

export const zero = (): Node => constant(0);

/** The mask input, or null where all of it is true. */
export const maskOf = (inputs: readonly Node[], attrs: Attrs): Node | null =>
  attrs.masked ? at(inputs, inputs.length - 1) : null;

/** A mask for the operand list: a given one, or one that is true everywhere (which no kernel stores or reads). */
export const maskInput = (mask: Node | null | undefined, { batch, steps }: Extents): Node =>
  mask ?? fill(1, [batch, steps], "bool");

/** The states before each step [batch * steps, units], of states [batch, steps + 1, units]. */
export function previousStates(states: Node): Node {
  const [batch, slots, units] = states.shape as unknown as [number, number, number];
  return reshape(sliceAxis(states, 1, 0, slots - 1), [batch * (slots - 1), units]);
}

/** [batch, steps, width] as rows. */
export const asRows = (x: Node): Node => reshape(x, [x.shape.size / at(x.shape, 2), at(x.shape, 2)]);

/** The gradient of the recurrent weights: one product over all steps. */
export const weightGradient = (states: Node, slopes: Node): Node =>
  matmul(previousStates(states), asRows(slopes), { transposeA: true });

/** The call of a sequence's template, or null where steps one by one are better. */
export function sequenceCall(
  template: Template,
  direction: "forward" | "backward",
  gateCount: number,
  { batch, steps, units }: Extents,
  target: Target,
): TemplateCall | null {
  const launch = recurrentLaunch(direction, gateCount, units, [batch, steps], target);
  return launch && { template, params: [batch, steps], ...launch };
}

/** Throws for an operand that does not have the type that the others ask for. */
export function checkOperands(
  name: string,
  operands: readonly (readonly [name: string, node: Node, shape: readonly number[], dtype?: Dtype])[],
): void {
  for (const [operand, node, shape, dtype = "float32"] of operands) {
    if (node.shape === shapeOf(shape) && node.dtype === dtype) continue;
    throw new ShapeError(name, `${operand} does not fit.`, {
      received: `${operand} ${typesText([node])}.`,
      expected: `${dtype}[${shape.join()}].`,
      fix: "check the units of the layer and its weights.",
    });
  }
}

/** The vjp of a bundle by its decomposition, which is recorded again. */
export function vjpThrough(
  decompose: (inputs: readonly Node[], attrs: Attrs) => readonly Node[],
): (cotangents: readonly (Node | null)[], context: BundleContext) => (Node | null)[] {
  return (cotangents, { inputs, attrs, wants }) => {
    const newest = newestId();
    const results = decompose(inputs, attrs);
    const roots = results.filter((_, i) => cotangents[i]);
    const seeds = cotangents.filter((node) => node !== null);
    const wanted = inputs.filter((_, i) => wants[i]);
    const found = walkBack(roots, seeds, wanted, {
      enters: (node) => node.id > newest,
      inputsOf: (node) => node.inputs,
    });
    for (const root of results) if (root.uses === 0) release(root);
    // An operand given twice has one cotangent, the sum over its places.
    const isFirst = (input: Node, i: number) => wants[i] && inputs.indexOf(input) === i;
    return inputs.map((input, i) => (isFirst(input, i) ? (found[wanted.indexOf(input)] ?? null) : null));
  };
}

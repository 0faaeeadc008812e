/** @file What recurrent sequences share: the loop over steps of batch-major arrays, masks, the hidden product's gradient, launches, second derivatives. */
import type { Dtype, Target, Template } from "@tenrec/kernels";
import { makeBody, windowOf } from "../control/body.ts";
import { recordScan, type ScanAttrs, scanResults } from "../control/scan.ts";
import { ShapeError } from "../graph/errors.ts";
import type { Attrs, Node, TemplateCall } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { mul, sub } from "./arithmetic.ts";
import { type BundleContext, part } from "./bundle.ts";
import { gradientThrough } from "./composite.ts";
import { matmul } from "./contraction.ts";
import { at, typesText } from "./factory.ts";
import { flip, reshape, sliceAxis, transpose } from "./movement.ts";
import { constant, fill } from "./source.ts";

export interface Extents {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
}

/** Batch-major [batch, steps, width] to time-major, and back: a view. */
export const swapped = (x: Node): Node => transpose(x, [1, 0, 2]);

/** States [batch, steps + 1, units] as a sequence of what lies after each step (time-major). */
export const afterSteps = (states: Node): Node => swapped(sliceAxis(states, 1, 1, at(states.shape, 1)));

/** States [batch, steps + 1, units] before the first step: [batch, units]. */
export function initialState(states: Node): Node {
  const [batch, , units] = states.shape as unknown as [number, number, number];
  return reshape(sliceAxis(states, 1, 0, 1), [batch, units]);
}

export interface Loop {
  readonly carries: readonly Node[];
  /** Time-major; null where there is none. */
  readonly sequences: readonly (Node | null)[];
  readonly constants: readonly Node[];
  readonly reverse: boolean;
}

/** One step: `slices` are the sequences' elements. Nothing but these may be used. */
export type Step = (
  carries: readonly Node[],
  slices: readonly (Node | null)[],
  constants: readonly Node[],
) => { readonly next: readonly Node[]; readonly stacked: readonly Node[] };

export interface LoopResults {
  readonly final: (carry: number) => Node;
  /** Carries before each step and after the last: [batch, steps + 1, ...]. */
  readonly history: (carry: number) => Node;
  /** [batch, steps, ...] */
  readonly stacked: (i: number) => Node;
}

/** All steps as one scan. */
export function overSteps({ carries, sequences, constants, reverse }: Loop, step: Step): LoopResults {
  const given = sequences.filter((node) => node !== null);
  const leafOf = ({ dtype }: Node, shape: readonly number[]): Node => placeholderNode(shapeOf(shape), dtype);
  const own = carries.map((node) => leafOf(node, node.shape));
  const slices = sequences.map((node) => node && leafOf(node, node.shape.slice(1)));
  const fixed = constants.map((node) => leafOf(node, node.shape));
  const { value, window } = windowOf(() => step(own, slices, fixed));
  const body = makeBody({
    leaves: [...own, ...slices.filter((node) => node !== null), ...fixed],
    outputs: [...value.next, ...value.stacked],
    windows: [window],
    traces: [],
  });
  const length = at(at(given, 0).shape, 0);
  const scan = recordScan(body, { carries, sequences: given, constants }, { length, reverse });
  const places = scanResults(scan.attrs as ScanAttrs);
  return {
    final: (carry) => part(scan, places.final(carry)),
    history: (carry) => swapped(part(scan, places.history(carry))),
    stacked: (i) => swapped(part(scan, places.stacked(i))),
  };
}

/** Gates `from` to `to` of [..., gates * units]. */
export const gates = (x: Node, units: number, from: number, to: number = from + 1): Node =>
  sliceAxis(x, x.shape.length - 1, from * units, to * units);

export const zero = (): Node => constant(0);

/** x (1 - x): the derivative of a sigmoid by its value. */
export const rest = (x: Node): Node => mul(x, sub(constant(1), x));

export const typeOf = ({ shape, dtype }: Node) => ({ shape, dtype });

/** The type of `chunks` values per unit of states [batch, units]. */
export function chunksOf({ shape, dtype }: Node, chunks: number) {
  const [batch, units] = shape as unknown as [number, number];
  return { shape: [batch, chunks * units], dtype };
}

/** A mask [batch] over the units of states. */
export const asColumn = (mask: Node): Node => reshape(mask, [mask.shape.size, 1]);

/** A mask [batch, 1] as the operand [batch] of a step, true everywhere where there is none, for states [batch, ...]. */
export function maskRow(mask: Node | null | undefined, states: Node): Node {
  const batch = at(states.shape, 0);
  return mask ? reshape(mask, [batch]) : fill(1, [batch], "bool");
}

/** The call of a step's template over states [batch, units], or null. `width`: chunks of units in a row of slopes. */
export function stepCall(
  template: Template,
  direction: "forward" | "backward",
  gateCount: number,
  { shape }: Node,
  target: Target,
  width: number = gateCount,
): TemplateCall | null {
  const [batch, units] = shape as unknown as [number, number];
  const extents = { gates: gateCount, width, batch, units };
  const launch = target.templates.recurrentStepLaunch(direction, extents, target);
  return launch && { template, params: [batch, units], ...launch };
}

/** The mask as a sequence [steps, batch, 1], or null where all of it is true. */
export function maskOf(inputs: readonly Node[], attrs: Attrs): Node | null {
  if (!attrs.masked) return null;
  const mask = at(inputs, inputs.length - 1);
  return swapped(reshape(mask, [...mask.shape, 1]));
}

/** A mask for the operand list: a given one, or one that is true everywhere (which no kernel stores or reads). */
export const maskInput = (mask: Node | null | undefined, { batch, steps }: Extents): Node =>
  mask ?? fill(1, [batch, steps], "bool");

/** The states before each step [batch * steps, units], of states [batch, steps + 1, units]. */
export function previousStates(states: Node): Node {
  const [batch, slots, units] = states.shape as unknown as [number, number, number];
  return reshape(sliceAxis(states, 1, 0, slots - 1), [batch * (slots - 1), units]);
}

/** Slopes [batch, steps, ...] of a loop from the last step to the first, of the history of its carry (which begins before the last step). */
export function slopesOf(history: Node): Node {
  return flip(sliceAxis(history, 1, 1, at(history.shape, 1)), [1]);
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
  const launch = target.templates.recurrentLaunch(direction, gateCount, units, [batch, steps], target);
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
  return (cotangents, { inputs, attrs, wants }) =>
    gradientThrough(() => decompose(inputs, attrs), cotangents, inputs, wants);
}

/** @file One step of a recurrent layer, each way, as one kernel: for layers too wide for a kernel over the whole sequence. */
import type { Target } from "../ir/device.ts";
import type { Template, TemplateOperand } from "../ir/kernel.ts";
import type { RecurrentLaunch } from "./recurrent.ts";

function operands(...names: readonly string[]): TemplateOperand[] {
  return names.map((name) =>
    name === "mask" ? { name, dtype: "bool", lanes: 1 } : { name, dtype: "float32", lanes: 4 },
  );
}

/** z [B, 4U], h, c [B, U], wh [U, 4U], mask [B] to the states after the step and G [B, 5U]: the gates' values and c. Param words of all steps: B, U. */
export const lstmStepTemplate: Template = {
  name: "lstmStep",
  inputs: /*#__PURE__*/ operands("z", "h", "c", "wh", "mask"),
  outputs: /*#__PURE__*/ operands("hAfter", "cAfter", "G"),
};

/**
 * wh, next [B, 4U] (the slopes of the step after this one), held [B, 2U] (what that step asks of h past the product, and of c), G, dH [B, U],
 * mask [B] to dZ [B, 4U] and heldBefore [B, 2U].
 */
export const lstmStepBackTemplate: Template = {
  name: "lstmStepBack",
  inputs: /*#__PURE__*/ operands("wh", "next", "held", "G", "dH", "mask"),
  outputs: /*#__PURE__*/ operands("dZ", "heldBefore"),
};

/** x [B, 3U], h [B, U], wh [U, 3U], bias [2, 3U], mask [B] to the state after the step and G [B, 5U]: z, r, candidate, its recurrent part and h. */
export const gruStepTemplate: Template = {
  name: "gruStep",
  inputs: /*#__PURE__*/ operands("x", "h", "wh", "bias", "mask"),
  outputs: /*#__PURE__*/ operands("hAfter", "G"),
};

/** wh, next [B, 6U], held [B, U], G, dH [B, U], mask [B] to dG [B, 6U] (slopes of the input's product, of the state's) and heldBefore. */
export const gruStepBackTemplate: Template = {
  name: "gruStepBack",
  inputs: /*#__PURE__*/ operands("wh", "next", "held", "G", "dH", "mask"),
  outputs: /*#__PURE__*/ operands("dG", "heldBefore"),
};

/** z, h [B, U], wh [U, U], mask [B] to the state after the step. */
export const simpleStepTemplate: Template = {
  name: "simpleStep",
  inputs: /*#__PURE__*/ operands("z", "h", "wh", "mask"),
  outputs: /*#__PURE__*/ operands("hAfter"),
};

/** wh, next, held, after (the state), dH [B, U], mask [B] to dZ and heldBefore [B, U]. */
export const simpleStepBackTemplate: Template = {
  name: "simpleStepBack",
  inputs: /*#__PURE__*/ operands("wh", "next", "held", "after", "dH", "mask"),
  outputs: /*#__PURE__*/ operands("dZ", "heldBefore"),
};

type StepTarget = Pick<Target, "name" | "software">;

/** Units and rows of an invocation, groups of them in a workgroup, and slices of the product (backwards eight of each without slices). */
type Tiling = readonly [each: 4 | 8, unitGroups: number, rowGroups: number, slices: number];

/**
 * A GPU fills up with slices of the product. Forwards lanes run along the units of a row of weights, backwards along the slopes that a unit's
 * row belongs to. A CPU renderer, where loads are dear, keeps 64 partial results in registers: backwards that takes eight units and rows.
 */
const tilings: Record<"forward" | "backward", Record<"software" | "hardware", Tiling>> = {
  forward: { software: [4, 8, 1, 1], hardware: [4, 4, 2, 8] },
  backward: { software: [8, 4, 1, 1], hardware: [4, 2, 2, 16] },
};

/**
 * How a step is launched; null on the cpu, and for units that are no multiple of 4. `width`: chunks of `units` in a row of slopes, backwards.
 *
 * @example recurrentStepLaunch("forward", { gates: 4, batch: 32, units: 512 }, device.target); // an LSTM of 512 units, batch 32
 */
export function recurrentStepLaunch(
  direction: "forward" | "backward",
  { gates, width, batch, units }: StepExtents,
  target: StepTarget,
): RecurrentLaunch | null {
  if (target.name === "cpu" || units % 4 !== 0) return null;
  const [each, unitGroups, rowGroups, slices] = tilings[direction][target.software ? "software" : "hardware"];
  return {
    constants: {
      GATES: gates,
      ...(direction === "backward" ? { WIDTH: width ?? gates } : {}),
      UNIT_GROUPS: unitGroups,
      ROW_GROUPS: rowGroups,
      SLICES: slices,
    },
    workgroups: Math.ceil(units / (each * unitGroups)) * Math.ceil(batch / (each * rowGroups)),
    workgroupSize: unitGroups * rowGroups * slices,
  };
}

export interface StepExtents {
  readonly gates: number;
  readonly width?: number;
  readonly batch: number;
  readonly units: number;
}

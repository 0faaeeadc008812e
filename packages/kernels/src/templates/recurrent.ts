/** @file Recurrent layers as one kernel for a whole sequence, each way: the templates and how they are launched. */
import type { Target } from "../ir/device.ts";
import type { Dtype, Template, TemplateOperand } from "../ir/kernel.ts";

/** Operands by name: `mask` is bool, the weights `wh` are read four at a time. */
function operands(...names: readonly string[]): TemplateOperand[] {
  return names.map((name) => {
    const dtype: Dtype = name === "mask" ? "bool" : "float32";
    return { name, dtype, lanes: name === "wh" ? 4 : 1 };
  });
}

/**
 * z [B, T, 4U], wh [U, 4U], h0, c0 [B, U], mask [B, T] to H [B, T + 1, U], the last cell [B, U] and G [B, T, 5U]: the gates' values (i, f, c, o)
 * and the cell before the step, all that the gradient reads: few operands, so that the kernels of two directions have room in one dispatch.
 */
export const lstmForwardTemplate: Template = {
  name: "lstmForward",
  inputs: /*#__PURE__*/ operands("z", "wh", "h0", "c0", "mask"),
  outputs: /*#__PURE__*/ operands("H", "cell", "G"),
};

/** wh, G, cotangents dH [B, T + 1, U] and dCell [B, U], mask to dZ [B, T, 4U] and dS [B, 2, U] (of h0, of c0). */
export const lstmBackwardTemplate: Template = {
  name: "lstmBackward",
  inputs: /*#__PURE__*/ operands("wh", "G", "dH", "dCell", "mask"),
  outputs: /*#__PURE__*/ operands("dZ", "dS"),
};

/**
 * x [B, T, 3U], wh [U, 3U], bias [2, 3U], h0 [B, U], mask to H [B, T + 1, U] and G [B, T, 5U]: z, r, candidate, its recurrent part and the state
 * before the step.
 */
export const gruForwardTemplate: Template = {
  name: "gruForward",
  inputs: /*#__PURE__*/ operands("x", "wh", "bias", "h0", "mask"),
  outputs: /*#__PURE__*/ operands("H", "G"),
};

/** wh, G, dH, mask to dG [B, T, 6U] (slopes of the input's product, then of the state's) and dS [B, U]. */
export const gruBackwardTemplate: Template = {
  name: "gruBackward",
  inputs: /*#__PURE__*/ operands("wh", "G", "dH", "mask"),
  outputs: /*#__PURE__*/ operands("dG", "dS"),
};

/** z [B, T, U], wh [U, U], h0, mask to H: h = tanh(z + h wh). */
export const simpleForwardTemplate: Template = {
  name: "simpleForward",
  inputs: /*#__PURE__*/ operands("z", "wh", "h0", "mask"),
  outputs: /*#__PURE__*/ operands("H"),
};

/** wh, H, dH, mask to dZ [B, T, U] and dS [B, U]. */
export const simpleBackwardTemplate: Template = {
  name: "simpleBackward",
  inputs: /*#__PURE__*/ operands("wh", "H", "dH", "mask"),
  outputs: /*#__PURE__*/ operands("dZ", "dS"),
};

/** What the launch depends on besides shapes. */
export type RecurrentTarget = Pick<Target, "name" | "software" | "workgroupBytes" | "maxWorkgroupSize">;

export interface RecurrentLaunch {
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly workgroups: number;
  readonly workgroupSize: number;
}

interface Tiling {
  readonly rows: number;
  readonly slices: number;
  readonly registers: boolean;
}

/** Past this width one core's way to the cache, through which all weights come at every step, costs more than the dispatches saved. */
const maxUnits = 256;
/** Up to this width the weights of a workgroup fit its registers. */
const maxHeldUnits = 64;

/** Groups of four results of the product, and the blocks of four that each adds up. */
function extentsOf(forward: boolean, gates: number, units: number): { groups: number; blocks: number } {
  const [columns, inner] = forward ? [gates * units, units] : [units, gates * units];
  return { groups: Math.ceil(columns / 4), blocks: Math.ceil(inner / 4) };
}

/** The operand in workgroup memory and the partial results of its slices. */
function bytesOf({ rows, slices }: Tiling, groups: number, blocks: number): number {
  return 16 * rows * slices * (Math.ceil(blocks / slices) + groups);
}

/** The largest tiling within the workgroup memory: fewer slices first, since rows share each loaded weight. */
function fitted(
  wanted: Tiling,
  fewest: number,
  groups: number,
  blocks: number,
  bytes: number,
): Tiling | null {
  let tiling = wanted;
  while (bytesOf(tiling, groups, blocks) > bytes) {
    const { rows, slices } = tiling;
    if (slices > fewest) tiling = { ...tiling, slices: Math.max(fewest, Math.ceil(slices / 2)) };
    else if (rows > 1) tiling = { ...tiling, rows: rows / 2 };
    else return null;
  }
  return tiling;
}

/**
 * Rows per workgroup, slices of the product and whether weights stay in registers. None of it depends on the batch, so that another batch
 * size builds no pipeline. Up to 64 units one row with its weights in registers; above, 4 rows share each weight that is loaded.
 * A CPU renderer, where more invocations only cost (16 slices: 3 times slower): 4 rows, 1 slice forward, 4 backward.
 */
function tilingOf(
  forward: boolean,
  gates: number,
  units: number,
  { software, workgroupBytes, maxWorkgroupSize }: RecurrentTarget,
): Tiling | null {
  const { groups, blocks } = extentsOf(forward, gates, units);
  const size = Math.min(maxWorkgroupSize, 256);
  if (units > maxUnits || groups > size) return null;
  const fewest = forward ? 1 : Math.min(4, Math.floor(size / groups));
  if (software) {
    return fitted({ rows: 4, slices: fewest, registers: false }, fewest, groups, blocks, workgroupBytes);
  }
  // As many slices as blocks at most, and none empty.
  const depth = Math.ceil(blocks / Math.min(blocks, Math.floor(size / groups)));
  const slices = Math.ceil(blocks / depth);
  const registers = units <= maxHeldUnits && depth <= 4;
  const wanted = { rows: registers ? 1 : 4, slices, registers };
  return fitted(wanted, registers ? slices : Math.min(fewest, slices), groups, blocks, workgroupBytes);
}

/**
 * The constants and the grid of a recurrent template, or null where one kernel for all steps does not pay: past 256 units, for a single
 * step, or where the workgroup memory does not suffice. On the cpu there is no such limit.
 *
 * @example recurrentLaunch("forward", 4, 64, [32, 100], device.target); // an LSTM of 64 units, batch 32, 100 steps
 */
export function recurrentLaunch(
  direction: "forward" | "backward",
  gates: number,
  units: number,
  [batch, steps]: readonly [number, number],
  target: RecurrentTarget,
): RecurrentLaunch | null {
  const forward = direction === "forward";
  // The cpu has no use for a tiling but to show the kernel by.
  const onCpu = target.name === "cpu" && { rows: 1, slices: 1, registers: false };
  const tiling = onCpu || (steps > 1 ? tilingOf(forward, gates, units, target) : null);
  if (!tiling) return null;
  const { rows, slices, registers } = tiling;
  const threads = Math.max(slices * extentsOf(forward, gates, units).groups, Math.min(units, 256));
  return {
    constants: {
      UNITS: units,
      GATES: gates,
      ROWS: rows,
      SLICES: slices,
      REGISTERS: registers,
      THREADS: threads,
    },
    workgroups: Math.ceil(batch / rows),
    workgroupSize: threads,
  };
}

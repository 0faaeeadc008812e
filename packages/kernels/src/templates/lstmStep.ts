/** @file One step of an LSTM, each way, for layers too wide for a kernel over the whole sequence. */
import type { Target } from "../ir/device.ts";
import type { Template, TemplateOperand, TemplateRun } from "../ir/kernel.ts";
import { lstmSlopes, lstmStep } from "../shaders.ts";
import type { RecurrentLaunch } from "./recurrent.ts";
import { lstmGates, multiplyState } from "./recurrentCpu.ts";

function operands(...names: readonly string[]): TemplateOperand[] {
  return names.map((name) =>
    name === "mask" ? { name, dtype: "bool", lanes: 1 } : { name, dtype: "float32", lanes: 4 },
  );
}

function runStep({ inputs, outputs, params }: TemplateRun): void {
  const [z, h, c, wh, mask] = inputs as [Float32Array, Float32Array, Float32Array, Float32Array, Uint32Array];
  const [hAfter, cAfter, G] = outputs as [Float32Array, Float32Array, Float32Array];
  const [batch, units] = params as unknown as [number, number];
  const sums = new Float64Array(4 * units);
  for (let b = 0; b < batch; b++) {
    multiplyState(h, b * units, wh, units, sums);
    for (let j = 0; j < units; j++) {
      const at = b * 4 * units + j;
      const [i, f, g, o] = lstmGates(z, at, sums, j, units, G);
      const place = b * units + j;
      const before = c[place] as number;
      const after = f * before + i * g;
      cAfter[place] = mask[b] !== 0 ? after : before;
      hAfter[place] = mask[b] !== 0 ? o * Math.tanh(after) : (h[place] as number);
    }
  }
}

function runSlopes({ inputs, outputs, params }: TemplateRun): void {
  const [G, c, before] = inputs as [Float32Array, Float32Array, Float32Array];
  const [dhNext, dh, dcNext, dc] = inputs.slice(3) as Float32Array[] as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const mask = inputs[7] as Uint32Array;
  const [dZ, dcBefore] = outputs as [Float32Array, Float32Array];
  const [batch, units] = params as unknown as [number, number];
  for (let place = 0; place < batch * units; place++) {
    const b = Math.floor(place / units);
    const at = place + b * 3 * units;
    const [i, f, g, o] = [0, 1, 2, 3].map((gate) => G[at + gate * units]) as [number, number, number, number];
    const cell = Math.tanh(c[place] as number);
    const ofH = (dhNext[place] as number) + (dh[place] as number);
    const ofC = (dcNext[place] as number) + (dc[place] as number);
    const slope = ofC + ofH * o * (1 - cell * cell);
    const counts = mask[b] !== 0;
    const write = (gate: number, value: number) => {
      dZ[at + gate * units] = counts ? value : 0;
    };
    write(0, slope * g * i * (1 - i));
    write(1, slope * (before[place] as number) * f * (1 - f));
    write(2, slope * i * (1 - g * g));
    write(3, ofH * cell * o * (1 - o));
    dcBefore[place] = counts ? slope * f : ofC;
  }
}

/** z [B, 4U], h, c [B, U], wh [U, 4U], mask [B] to the states after the step and the gates' values; param words: B, U. */
export const lstmStepTemplate: Template = {
  name: "lstmStep",
  wgsl: lstmStep,
  inputs: /*#__PURE__*/ operands("z", "h", "c", "wh", "mask"),
  outputs: /*#__PURE__*/ operands("hAfter", "cAfter", "G"),
  cpu: runStep,
};

/** G [B, 4U], c, before, dhNext, dh, dcNext, dc [B, U], mask [B] to dZ [B, 4U] and dcBefore [B, U]; param words: B, U. */
export const lstmSlopesTemplate: Template = {
  name: "lstmSlopes",
  wgsl: lstmSlopes,
  inputs: /*#__PURE__*/ operands("G", "c", "before", "dhNext", "dh", "dcNext", "dc", "mask"),
  outputs: /*#__PURE__*/ operands("dZ", "dcBefore"),
  cpu: runSlopes,
};

type StepTarget = Pick<Target, "name" | "software">;

/** How a step is launched; null on the cpu, and for units that are no multiple of 4. */
export function lstmStepLaunch(batch: number, units: number, target: StepTarget): RecurrentLaunch | null {
  if (target.name === "cpu" || units % 4 !== 0) return null;
  // A GPU fills up with slices of the product: 16 KB of partial results. A CPU renderer keeps them in registers.
  const [unitGroups, rowGroups, slices] = target.software ? [8, 1, 1] : [4, 2, 8];
  return {
    constants: { UNIT_GROUPS: unitGroups, ROW_GROUPS: rowGroups, SLICES: slices },
    workgroups: Math.ceil(units / (4 * unitGroups)) * Math.ceil(batch / (4 * rowGroups)),
    workgroupSize: unitGroups * rowGroups * slices,
  };
}

/** The same for the gradient without the product. */
export function lstmSlopesLaunch(batch: number, units: number, target: StepTarget): RecurrentLaunch | null {
  if (target.name === "cpu" || units % 4 !== 0) return null;
  return {
    constants: { THREADS: 64 },
    workgroups: Math.ceil((batch * units) / 256),
    workgroupSize: 64,
  };
}

/** @file The LSTM templates in JavaScript. */
import type { TemplateRun } from "../../../ir/kernel.ts";
import {
  multiplyRow,
  multiplySlopes,
  multiplyState,
  type Numbers,
  sigmoid,
  stepBackOperands,
} from "./recurrent.ts";

type Gates = readonly [i: number, f: number, g: number, o: number];

/** The states [h, c] of a unit after a step, of the cell `before`; row `row` of G keeps its gates and the cell before. */
function lstmUnit(
  { z, sums, G }: { z: Numbers; sums: Numbers; G: Numbers },
  row: number,
  unit: number,
  units: number,
  before: number,
): readonly [h: number, c: number] {
  const gate = (g: number) =>
    (z[(row * 4 + g) * units + unit] as number) + (sums[g * units + unit] as number);
  const [i, f, g, o] = [sigmoid(gate(0)), sigmoid(gate(1)), Math.tanh(gate(2)), sigmoid(gate(3))] as const;
  [i, f, g, o, before].forEach((value, part) => {
    G[(row * 5 + part) * units + unit] = value;
  });
  const c = f * before + i * g;
  return [o * Math.tanh(c), c];
}

/** The slopes of a unit's gates at G[at], from the cotangents of its states after the step; and what goes on to the cell before. */
function lstmSlopes(
  G: Numbers,
  at: number,
  units: number,
  dh: number,
  dc: number,
): { readonly slopes: Gates; readonly cell: number } {
  const [i, f, g, o, before] = [0, 1, 2, 3, 4].map((part) => G[at + part * units]) as [...Gates, number];
  const output = Math.tanh(f * before + i * g);
  const slope = dc + dh * o * (1 - output * output);
  const slopes = [
    slope * g * i * (1 - i),
    slope * before * f * (1 - f),
    slope * i * (1 - g * g),
    dh * output * o * (1 - o),
  ] as const;
  return { slopes, cell: slope * f };
}

export function runLstmForward({ inputs, outputs, params }: TemplateRun): void {
  const [z, wh, h0, c0, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [H, cell, G] = outputs as [Float32Array, Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = h0.length / batch;
  const sums = new Float64Array(4 * units);
  for (let b = 0; b < batch; b++) {
    let state = b * (steps + 1) * units;
    H.set(h0.subarray(b * units, (b + 1) * units), state);
    cell.set(c0.subarray(b * units, (b + 1) * units), b * units);
    for (let t = 0; t < steps; t++, state += units) {
      multiplyState(H, state, wh, units, sums);
      const step = b * steps + t;
      const isActive = mask[step] !== 0;
      for (let j = 0; j < units; j++) {
        const [h, c] = lstmUnit({ z, sums, G }, step, j, units, cell[b * units + j] as number);
        H[state + units + j] = isActive ? h : (H[state + j] as number);
        if (isActive) cell[b * units + j] = c;
      }
    }
  }
}

export function runLstmBackward({ inputs, outputs, params }: TemplateRun): void {
  const [wh, G, dH, dCell, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [dZ, dS] = outputs as [Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = dS.length / (2 * batch);
  const slopes = new Float64Array(4 * units);
  const [fromNext, heldH, heldC] = [0, 1, 2].map(() => new Float64Array(units)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let b = 0; b < batch; b++) {
    for (const carry of [fromNext, heldH]) carry.fill(0);
    heldC.set(dCell.subarray(b * units, (b + 1) * units));
    for (let t = steps - 1; t >= 0; t--) {
      const state = (b * (steps + 1) + t) * units;
      const step = b * steps + t;
      const isActive = mask[step] !== 0;
      for (let j = 0; j < units; j++) {
        const dh = (dH[state + units + j] as number) + (fromNext[j] as number) + (heldH[j] as number);
        const dc = heldC[j] as number;
        const found = lstmSlopes(G, step * 5 * units + j, units, dh, dc);
        found.slopes.forEach((slope, gate) => {
          slopes[gate * units + j] = isActive ? slope : 0;
          dZ[(step * 4 + gate) * units + j] = isActive ? slope : 0;
        });
        heldH[j] = isActive ? 0 : dh;
        heldC[j] = isActive ? found.cell : dc;
      }
      multiplySlopes(slopes, wh, fromNext);
    }
    for (let j = 0, first = b * (steps + 1) * units; j < units; j++) {
      dS[b * 2 * units + j] = (dH[first + j] as number) + (fromNext[j] as number) + (heldH[j] as number);
      dS[(b * 2 + 1) * units + j] = heldC[j] as number;
    }
  }
}

export function runLstmStep({ inputs, outputs, params }: TemplateRun): void {
  const [z, h, c, wh, mask] = inputs as [Float32Array, Float32Array, Float32Array, Float32Array, Uint32Array];
  const [hAfter, cAfter, G] = outputs as [Float32Array, Float32Array, Float32Array];
  const [batch, units] = params as unknown as [number, number];
  const sums = new Float64Array(4 * units);
  for (let b = 0; b < batch; b++) {
    multiplyState(h, b * units, wh, units, sums);
    for (let j = 0, place = b * units; j < units; j++, place++) {
      const states = [h[place], c[place]] as [number, number];
      const after = lstmUnit({ z, sums, G }, b, j, units, states[1]);
      [hAfter[place], cAfter[place]] = mask[b] !== 0 ? after : states;
    }
  }
}

export function runLstmStepBack(run: TemplateRun): void {
  const { wh, next, held, saved: G, dH, mask, slopes: dZ, heldBefore, batch, units } = stepBackOperands(run);
  const back = new Float64Array(units);
  for (let b = 0; b < batch; b++) {
    multiplyRow(next, b * 4 * units, 4 * units, wh, back);
    for (let j = 0; j < units; j++) {
      const carry = b * 2 * units + j;
      const dh = (back[j] as number) + (held[carry] as number) + (dH[b * units + j] as number);
      const dc = held[carry + units] as number;
      const found = lstmSlopes(G, b * 5 * units + j, units, dh, dc);
      const isActive = mask[b] !== 0;
      found.slopes.forEach((slope, gate) => {
        dZ[(b * 4 + gate) * units + j] = isActive ? slope : 0;
      });
      heldBefore[carry] = isActive ? 0 : dh;
      heldBefore[carry + units] = isActive ? found.cell : dc;
    }
  }
}

/** The rows a Project trains on: drawn or loaded by the library in random order, the last ones held out. */

import { datasets } from "tenrec";
import { type DataSet, type DataSettings, type PointSet, pointSets } from "../project/project.ts";
import type { PlaneWindow, Rows } from "./protocol.ts";

export interface Split {
  readonly train: Rows;
  readonly validation: Rows;
  readonly classes: number;
  /** Numbers in one row of x. */
  readonly width: number;
  /** The square that holds every point. */
  readonly window: PlaneWindow;
}

/** The rows whose numbers are `chosen`, each of `width` numbers. */
export function take(rows: Rows, width: number, chosen: Int32Array): Rows {
  const x = new Float32Array(chosen.length * width);
  chosen.forEach((row, index) => {
    x.set(rows.x.subarray(row * width, (row + 1) * width), index * width);
  });
  return { x, y: chosen.map((row) => rows.y[row] as number) };
}

const isPoints = (set: DataSet): set is PointSet => (pointSets as readonly DataSet[]).includes(set);

async function allRows({ set, samples, noise, seed }: DataSettings): Promise<Rows> {
  const { x, y } = isPoints(set) ? datasets[set]({ samples, noise, seed }) : await datasets.digits({ seed });
  return { x: x.data, y: y.data };
}

/** Room around the outermost points, as a share of their spread. */
const room = 1.1;

function middleAndHalf(values: Float32Array, offset: number): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let index = offset; index < values.length; index += 2) {
    least = Math.min(least, values[index] as number);
    most = Math.max(most, values[index] as number);
  }
  return [(least + most) / 2, (most - least) / 2];
}

/** The window is centred on a tenth, so that axes of similar draws look alike. */
function windowOf(x: Float32Array): PlaneWindow {
  const round = (value: number) => Math.round(value * 10) / 10;
  const [middleX, halfX] = middleAndHalf(x, 0);
  const [middleY, halfY] = middleAndHalf(x, 1);
  return { x: round(middleX), y: round(middleY), half: Math.max(halfX, halfY, 0.1) * room };
}

/** The training and validation rows of `settings`; equal settings give equal rows. */
export async function loadData(settings: DataSettings): Promise<Split> {
  const digits = !isPoints(settings.set);
  const rows = await allRows(settings);
  const width = digits ? 64 : 2;
  const total = Math.min(rows.y.length, settings.samples);
  const held = Math.min(total - 1, Math.max(1, Math.round(total * settings.validation)));
  const slice = (from: number, to: number): Rows => ({
    x: rows.x.slice(from * width, to * width),
    y: rows.y.slice(from, to),
  });
  return {
    train: slice(0, total - held),
    validation: slice(total - held, total),
    classes: digits ? 10 : 2,
    width,
    window: digits ? { x: 0, y: 0, half: 1 } : windowOf(rows.x),
  };
}

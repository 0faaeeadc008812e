// Pictures that a network can learn to tell apart: a blurred prototype per class, and noise.
import type { Batch } from "../problem.ts";

/** A tenth of the labels is random, so that the loss settles above 0 and stays comparable. */
const labelNoise = 0.1;

export function pictures(
  count: number,
  shape: [batch: number, height: number, width: number, channels: number],
  classes: number,
  uniform: () => number,
): Batch[] {
  const [batchSize, ...pixels] = shape;
  const size = pixels.reduce((product, extent) => product * extent, 1);
  const prototypes = Array.from({ length: classes }, () => smoothed(size, shape[3], uniform));
  return Array.from({ length: count }, () => {
    const x = { data: new Float32Array(batchSize * size), shape: [...shape] };
    const y = { data: new Int32Array(batchSize), shape: [batchSize] };
    for (let sample = 0; sample < batchSize; sample++) {
      const label = Math.floor(uniform() * classes);
      y.data[sample] = uniform() < labelNoise ? Math.floor(uniform() * classes) : label;
      x.data.set(
        prototypes[label]!.map((value) => value + (uniform() - 0.5) * 0.5),
        sample * size,
      );
    }
    return { x, y };
  });
}

/** Runs of equal values along a row, so that convolutions find edges. */
function smoothed(size: number, channels: number, uniform: () => number): Float32Array {
  const values = new Float32Array(size);
  for (let index = 0; index < size; index++) {
    const isNew = index < channels || uniform() < 0.25;
    values[index] = isNew ? uniform() : values[index - channels]!;
  }
  return values;
}

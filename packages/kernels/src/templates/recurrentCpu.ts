/** @file What the recurrent templates share on the cpu: products of one row with the recurrent weights, accumulated in double precision. */

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** sums[n] = sum over k of state[from + k] * weights[k, n]. */
export function multiplyState(
  state: Float32Array,
  from: number,
  weights: Float32Array,
  units: number,
  sums: Float64Array,
): void {
  const columns = sums.length;
  sums.fill(0);
  for (let k = 0, at = 0; k < units; k++) {
    const factor = state[from + k] as number;
    for (let n = 0; n < columns; n++) sums[n] = (sums[n] as number) + factor * (weights[at++] as number);
  }
}

/** sums[k] = sum over n of slopes[n] * weights[k, n]. */
export function multiplySlopes(slopes: Float64Array, weights: Float32Array, sums: Float64Array): void {
  const columns = slopes.length;
  for (let k = 0, at = 0; k < sums.length; k++) {
    let sum = 0;
    for (let n = 0; n < columns; n++) sum += (slopes[n] as number) * (weights[at++] as number);
    sums[k] = sum;
  }
}

/** The four gates of an LSTM unit, i, f, c and o, of z[at] and sums[unit] at strides of `units`; kept in G[at] as float32. */
export function lstmGates(
  z: Float32Array,
  at: number,
  sums: Float64Array,
  unit: number,
  units: number,
  G: Float32Array,
): readonly [number, number, number, number] {
  const gate = (g: number) => (z[at + g * units] as number) + (sums[g * units + unit] as number);
  const gates = [sigmoid(gate(0)), sigmoid(gate(1)), Math.tanh(gate(2)), sigmoid(gate(3))] as const;
  gates.forEach((value, g) => {
    G[at + g * units] = value;
  });
  return gates;
}

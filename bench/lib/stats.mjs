/** @file Medians, and ratios of values taken in the same round, which cancel much of a shared machine's noise. */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of a[i] / b[i] with the smallest and greatest, over the rounds that both have. */
export function ratios(a, b) {
  const values = a.slice(0, b.length).map((value, index) => value / b[index]);
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

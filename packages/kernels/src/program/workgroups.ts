/** @file Folds a dispatch into the two dimensions that the limit on workgroups per dimension allows. */

/**
 * [x, y] with x * y >= workgroups and both within `maxPerDimension`. Kernels rebuild the linear index as
 * wid.x + wid.y * num_workgroups.x and leave early beyond the end, so x is chosen to leave fewer than y of
 * them idle.
 */
export function foldWorkgroups(workgroups: number, maxPerDimension: number): readonly [number, number] {
  if (workgroups <= maxPerDimension) return [workgroups, 1];
  const y = Math.ceil(workgroups / maxPerDimension);
  return [Math.ceil(workgroups / y), y];
}

/** @file Compares the losses of a workload's variants, so that nobody is measured on other work. */

const tolerance = 1e-3;

const difference = (a, b) => Math.abs(a - b) / Math.abs(b);

/** The greatest relative difference over the epochs that both have run; not a number counts as infinite. */
function worst(losses, reference) {
  const shared = losses.slice(0, reference.length);
  const differences = shared.map((loss, epoch) => difference(loss, reference[epoch]));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences);
}

/**
 * Marks each result with its difference from the first one's losses (ours, where it runs) and whether it may be compared.
 *
 * @returns {string[]} complaints: our variants that differ among themselves, or agree with no other library
 */
export function compareLosses(results) {
  const [reference] = results;
  for (const result of results) {
    result.lossDifference = worst(
      [result.firstLoss, ...result.losses],
      [reference.firstLoss, ...reference.losses],
    );
    result.isComparable = result.lossDifference <= tolerance;
  }
  const others = results.filter(({ library }) => library !== reference.library);
  const strays = results.filter(
    ({ library, isComparable }) => library === reference.library && !isComparable,
  );
  const complaints = strays.map(
    ({ library, name, lossDifference }) =>
      `${library} ${name}: losses differ from ${reference.name}'s by ${lossDifference.toExponential(1)}`,
  );
  if (others.length > 0 && others.every(({ isComparable }) => !isComparable)) {
    complaints.push(`${reference.library} ${reference.name}: losses agree with no other library's`);
  }
  return complaints;
}

/** @file How many vectors a turn of a lane loop computes: what a loop costs is then shared. */
import type { Nest } from "../nest.ts";

/** Steps up to which there are four, two, and several where lanes reduce each by itself. */
const fewSteps = 12;
const someSteps = 48;
const manySteps = 96;

/** Turns of the inner loops that take no longer than what is around them. */
const fewTurns = 8;
/** Elements that leave the cache before lanes that are their neighbours are reduced. */
const cachedElements = 1 << 17;

/** For a body of so many steps over so many lanes. */
export function vectorsOfTurn(nest: Nest, lanes: number, steps: number): number {
  const wanted = reducesByLanes(nest) && steps <= manySteps ? vectorsOfStrip(nest) : vectorsOfSteps(steps);
  return Math.max(1, Math.min(Math.floor(lanes / 4), wanted));
}

/** Each lane reduces by itself. */
function reducesByLanes({ lanesInside, sequential }: Nest): boolean {
  return !lanesInside && sequential.length > 0;
}

/** The inner loops pass by once for every strip of lanes: of a cache line, or of two where passing by is dear. */
function vectorsOfStrip({ sequentialExtent, blockExtent }: Nest): number {
  return sequentialExtent <= fewTurns || sequentialExtent * blockExtent > cachedElements ? 8 : 4;
}

function vectorsOfSteps(steps: number): number {
  return steps <= fewSteps ? 4 : steps <= someSteps ? 2 : 1;
}

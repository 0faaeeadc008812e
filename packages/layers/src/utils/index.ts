/** @file Helpers around training. */
import { random } from "@tenrec/tensor";

export { toCategorical } from "./categorical.ts";

/** Makes everything random that follows repeatable; see `random.setRandomSeed`. */
export const setRandomSeed = random.setRandomSeed;

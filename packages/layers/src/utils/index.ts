/** @file Helpers around training. */
import { random } from "@tenrec/tensor";

export { resetNames as clearSession } from "../naming.ts";
export { toCategorical } from "./categorical.ts";

/** Makes everything random that follows repeatable; see `random.setRandomSeed`. */
export const setRandomSeed = random.setRandomSeed;

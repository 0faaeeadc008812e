/** @file What a page needs only once a device is open: evaluation of the graph and its compiler. Loaded on demand by `runtime.ts`. */
export { recordHalf } from "../primitives/half.ts";
export { placeState, placeTogether } from "./arena.ts";
export { CompiledFunction, TracedFunction } from "./compiled.ts";
export { areAlive, flush, flushPending } from "./flush.ts";
export { checkVariables } from "./limit.ts";
export { ProgramCache } from "./programCache.ts";
export { queueReads } from "./readback.ts";
export { VersionRing } from "./ring.ts";

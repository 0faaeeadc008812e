/** @file What a page needs only once a device is open: evaluation of the graph and its compiler. Loaded on demand by `runtime.ts`. */
export { CompiledFunction, TracedFunction } from "./compiled.ts";
export { evaluate, Walk } from "./evaluate.ts";
export { checkVariables } from "./limit.ts";
export { ProgramCache } from "./programCache.ts";
export { VersionRing } from "./ring.ts";

/** @file Codes that operations and hand-written kernels agree on. */

/** Values of the constant OPERATION of running and segmented reductions. */
export const cumulativeOperations = { sum: 0, prod: 1, max: 2, min: 3 } as const;

/** Values of the constant INDICES: numbers as they are; indices from the end where negative and clamped; indices out of range last. */
export const indexKeys = { none: 0, clamp: 1, drop: 2 } as const;

/** Blocks that one merge joins. */
export const mergeWays = 4;

export type OrderDtype = "float32" | "int32" | "uint32";

/** Counters of GPU work, for tests and checks of performance. */
export * from "@tenrec/kernels/testing";

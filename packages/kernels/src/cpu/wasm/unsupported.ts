/** @file What the emitter leaves to the block machine. */

/** Thrown while a kernel is compiled that has no WebAssembly form: it runs as JavaScript block loops. */
export class Unsupported extends Error {}

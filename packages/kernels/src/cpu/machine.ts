/** @file What the compiled calls of a device share. */
import type { RegisterPool } from "./registers.ts";
import type { Scratch } from "./scratch.ts";

/** Executes a call on the memory bound at the time. */
export type Runner = () => void;

export interface Machine {
  readonly registers: RegisterPool;
  readonly scratch: Scratch;
}

/** @file Plan, the compiled form of a graph: ordered kernel calls over numbered buffers. Prints, verifies, hashes; knows no device. */
import type { Kernel } from "./kernel.ts";

/**
 * A buffer a plan uses. `external`: handed to every run (inputs, variables); `slot`: activation memory of the device's workspace,
 * equal `slot` numbers share memory; `result`: filled for the caller by a copy at the end of the run (never bound by kernels).
 */
export type PlanBuffer =
  | { readonly kind: "external"; readonly index: number; readonly bytes: number }
  | { readonly kind: "slot"; readonly slot: number; readonly bytes: number };

/** Range of a plan buffer bound to a kernel binding; `offset` is a multiple of 256. */
export interface BindingRange {
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface Call {
  readonly kind: "call";
  readonly kernel: Kernel;
  /** Structural identity of the kernel: equal keys give equal WGSL, so one pipeline. */
  readonly key: string;
  readonly bindings: readonly BindingRange[];
  /** Param words (extents, strides, offsets, constants; floats as their bits). */
  readonly params: Uint32Array;
  /** Workgroups of the whole dispatch (product may exceed 65,535: the program folds it into x and y). */
  readonly workgroups: number;
  /** Words of `params` filled from the run's scalars or the number of an iteration: params[word] = scalars[scalar]. */
  readonly scalars: readonly { readonly word: number; readonly scalar: number }[];
}

/**
 * `count` runs of `steps`, written out when a program is built: a run costs no bytes and no bind groups. `iteration` is a scalar index from
 * `numScalars` on (and of no other repeat around it): calls inside that take this scalar see 0, 1, ... count - 1.
 */
export interface Repeat {
  readonly kind: "repeat";
  readonly count: number;
  readonly iteration: number;
  readonly steps: readonly PlanStep[];
}

/**
 * `steps` if the uint32 at byte `offset` of `buffer` is not 0 when the branch is reached. On a GPU nobody waits for the flag: a small kernel turns
 * it into the workgroup counts of the calls inside.
 */
export interface Branch {
  readonly kind: "branch";
  readonly buffer: number;
  readonly offset: number;
  readonly steps: readonly PlanStep[];
}

export type PlanStep = Call | Repeat | Branch;

/** A copy after all calls: bytes of a plan buffer into the run's result `result`, or between plan buffers (variable writes). */
export interface PlanCopy {
  readonly from: number;
  readonly fromOffset: number;
  readonly to:
    | { readonly result: number; readonly offset: number }
    | { readonly buffer: number; readonly offset: number };
  readonly bytes: number;
}

export interface Plan {
  readonly label: string;
  readonly buffers: readonly PlanBuffer[];
  readonly steps: readonly PlanStep[];
  readonly copies: readonly PlanCopy[];
  readonly numExternals: number;
  readonly numResults: number;
  readonly numScalars: number;
  /** Bytes of all slots: the peak activation memory, known before the first run. */
  readonly slotBytes: number;
}

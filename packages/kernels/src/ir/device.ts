/** @file What a device offers to the packages above: memory, programs and one ordered queue. Implemented by webgpu and cpu. */
import type { GemmKernel, GemmTile, LoopKernel } from "./kernel.ts";
import type { Call, Plan } from "./plan.ts";

/** What compilation may know of a device: limits, lane width and kernel choices. */
export interface Target {
  readonly name: "webgpu" | "cpu";
  /** Hand-written kernels, and the rules for which shapes they are launched. */
  readonly templates: typeof import("../templates/library.ts");
  /** Widest lane count that kernels may use. */
  readonly lanes: 1 | 4;
  /** Storage bindings per kernel. */
  readonly maxBindings: number;
  /** Largest storage binding in bytes. */
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  /** A processor that pretends to be a GPU: barriers are dear there, loads and stores in workgroup memory no cheaper than others. */
  readonly software: boolean;
  /** Hand-written kernels run as WebAssembly: one after another on a processor, as fast as generated ones. */
  readonly webAssembly?: boolean;
  /** Workgroup memory of a kernel. */
  readonly workgroupBytes: number;
  /** Most invocations of a workgroup. */
  readonly maxWorkgroupSize: number;
  /** Workgroup size of generated loops. */
  readonly workgroupSize: number;
  /** Rows of up to this many inner elements are walked by one invocation instead of a workgroup. */
  readonly narrowRow: number;
  /** The tile for a contraction of this shape (classes by shape alone, so that results never depend on load); a batch of 1 by default. */
  gemmTile(m: number, n: number, k: number, batch?: number): GemmTile;
  /** Into how many partial sums over k a contraction of so few outputs is best cut; 1: none. By shape alone as well. */
  gemmParts(batch: number, m: number, n: number, k: number): number;
  /** Row reductions go through subgroups instead of a tree in workgroup memory. */
  readonly subgroups?: boolean;
  /** Products may share loads among four invocations: subgroups are of exactly that size, as on CPU renderers. */
  readonly quads?: boolean;
  /** Choices measured on this device, by problem (`tuning/`); the rules above decide the rest. */
  readonly choices?: ReadonlyMap<string, string>;
  /** The target without them. */
  readonly untuned?: Target;
  /** A generated kernel in the form that `choices` name for it. */
  readonly variantOf?: <K extends LoopKernel | GemmKernel>(kernel: K, params: Uint32Array) => K;
  /** Is told of every compilation that does not follow another plan's choices, before it returns. */
  readonly watch?: (again: CompileAgain) => void;
}

/** Compiles the same graph for another target, with a dispatch of its own for every kernel. */
export type CompileAgain = (target: Target) => Plan;

/** Measures kernels on memory of its own, for tuning. */
export interface KernelTimer {
  /** Adapter, driver and browser: what the figures hold for. */
  readonly identity: string;
  readonly clock: "timestamp-query" | "wall time";
  /**
   * Median milliseconds of a launch of each call, measured in turns; infinite for one that does not compile, or (but for the first, which
   * the others are compared with) is hopeless beside the best.
   */
  compare(calls: readonly Call[]): Promise<number[]>;
}

export interface DeviceInfo {
  readonly backend: "webgpu" | "cpu";
  readonly adapter: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    /** A CPU renderer such as SwiftShader. */
    readonly software: boolean;
  } | null;
  /** Optional features present, such as "subgroups", "timestamp-query", "shader-f16". */
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** Memory of a device. `bytes` is padded to a multiple of 16. */
export interface DeviceBuffer {
  readonly id: number;
  readonly bytes: number;
  readonly label: string;
}

/** An executable Plan. It owns pipelines, uniforms and bind groups until disposed. */
export interface Program {
  readonly plan: Plan;
  /**
   * Resolves when every pipeline is built and every buffer has its memory; rejects with the compile error (label and numbered WGSL), or with
   * MemoryError.
   */
  readonly ready: Promise<void>;
  dispose(): void;
}

/**
 * One ordered queue: writes, copies, runs and reads take effect in call order, also while a program's pipelines are still being
 * built (later operations wait behind it; `write` copies its data first then). An uncaptured GPU error or a lost device makes every pending and
 * later read reject, and `failure` is set.
 */
export interface Device {
  readonly info: DeviceInfo;
  /** Replaced by tuning; programs that were compiled for another target are stale. */
  target: Target;
  /** The error that ended the device, if any. */
  readonly failure: Error | null;
  /** Resolves with the error when the device fails or is lost. */
  readonly lost: Promise<Error>;
  /** Memory of at least `bytes` bytes; contents undefined. Recycled from the pool of freed buffers where one of its size class is free. */
  alloc(bytes: number, label: string): DeviceBuffer;
  /** Gives memory back; safe while earlier queued work still uses it. */
  free(buffer: DeviceBuffer): void;
  write(buffer: DeviceBuffer, offset: number, data: ArrayBufferView): void;
  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, bytes: number): void;
  read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer>;
  build(plan: Plan): Program;
  /** Makes what a run with these externals needs (bind groups) ahead of it, so that the first run allocates nothing. */
  bind(program: Program, externals: readonly DeviceBuffer[]): void;
  /** `externals[i]` backs PlanBuffer external i; `results[i]` receives result copies; `scalars` are raw 32-bit words. */
  run(
    program: Program,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void;
  /**
   * Runs of `body` (synchronous) become one submission of the queue. A write, a read or `sync` in between submits what came before it, and
   * so does a run with scalars: order is kept.
   */
  together(body: () => void): void;
  /** Bytes of activation memory that building `plan` would take: slots are shared by all programs. */
  growth(plan: Plan): number;
  /** Resolves when all queued work has been executed. */
  sync(): Promise<void>;
  /**
   * Back-pressure: sets a mark behind all queued work. Null while at most `ahead` (3) marks are not reached yet, otherwise a promise for
   * the oldest of them. A loop calls it once per step and awaits what is not null.
   */
  throttle(ahead?: number): Promise<void> | null;
  /** Bytes of live buffers by owner label prefix ("variable", "slot", "result", ...). */
  memory(): {
    readonly bytes: number;
    readonly buffers: number;
    readonly owners: Readonly<Record<string, number>>;
  };
  /** What measures kernels here; null where there is nothing to choose from, as on the cpu. */
  timer(): Promise<KernelTimer> | null;
  dispose(): void;
}

/** @file The kernel forms: scalar programs, generated loops, the gemm template, hand-written kernels, and kernels side by side. Plain data. */

/**
 * Element types of values. `bool` is stored as a u32 of 0 or 1; `uint8`/`int8` are packed four to a word and only loaded. `float16` is a form of
 * memory alone: scalar code has float32, which a store to a float16 binding rounds.
 */
export type Dtype = "float32" | "float16" | "int32" | "uint32" | "bool" | "uint8" | "int8";

/**
 * One step of a scalar program in SSA form: its id is its position in `Body.code`; `args` are ids of earlier steps.
 * Sources have no args: `const` (literal `value`), `param` (word `value` of the call's params, read as `dtype`),
 * `axis` (loop index of axis `value`, int32), `stage` (result of reduction stage `value`), `acc` (gemm accumulator).
 * `load` reads binding `value` at element index `args[0]` (int32, in elements of the binding's storage type).
 * Everything else is a row of `scalarOps`.
 */
export interface Instr {
  readonly op: string;
  readonly dtype: Dtype;
  readonly args: readonly number[];
  readonly value?: number;
  /**
   * For `load` only. `vector`: the four lanes are consecutive and the first index is a multiple of 4 (`args[0]` is then computed
   * for lane 0). Absent: `args[0]` is used as it is: one load if it does not depend on the lane axis, else one load per lane.
   */
  readonly access?: "vector";
  /** All four lanes have the value of lane 0, although an argument varies (a quotient that stays within a block of four). */
  readonly uniform?: true;
}

/** A value written to memory: `set` stores, `or` is an integer atomicOr into a word of an `atomic` binding (sticky flags). */
export interface Store {
  readonly op: "set" | "or";
  readonly binding: number;
  /** Id of the int32 element index (for `vector`: of lane 0, a multiple of 4). */
  readonly index: number;
  /** Id of the value. */
  readonly value: number;
  readonly access?: "vector";
  /** `row`: once per row of a kernel with inner axes; `full`: at every element. */
  readonly level: "row" | "full";
}

/** Straight-line scalar code with its stores. */
export interface Body {
  readonly code: readonly Instr[];
  readonly stores: readonly Store[];
}

/** A storage binding. Several values that share a GPU buffer may share one binding and differ by element offset (in `code`). */
export interface Binding {
  /** Element type of the WGSL array; values of another 32-bit dtype in it are bitcast at the access. float16 has its bindings for itself. */
  readonly dtype: Dtype;
  readonly access: "read" | "read_write" | "atomic";
  /** Bound as array<vec4<T>>: every load and store of it is `vector`. */
  readonly vector: boolean;
}

export type ReduceOp = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** A reduction of `value` over all inner axes. argmax/argmin give the linear inner index (int32) of the first best element. */
export interface Stage {
  readonly op: ReduceOp;
  readonly value: number;
  readonly dtype: Dtype;
}

/**
 * A generated kernel. Loop axes are numbered outer to inner; the first `rows` are parallel, the last `cols` are inner (reduced or
 * walked). The extent of axis i is param word i. Stages run in order; a stage's value may use earlier stages, and stages that do not
 * depend on each other share one loop. `row` stores happen after all stages, then `full` stores in a last loop over the inner axes
 * (for cols = 0 every store is `full` and there is no loop).
 *
 * - `flat`: cols = 0, one invocation per element (or per 4 elements).
 * - `thread`: one invocation per row walks the inner axes.
 * - `workgroup`: `workgroupSize` invocations per row; each takes a strided share, then a fixed-order tree.
 *
 * lanes = 4 vectorises `laneAxis`: the last row axis (any schedule) or the last inner axis (thread or workgroup).
 * Its extent is a multiple of 4, except for flat kernels of one axis, where the last vector may run into the padding of its buffers
 * (every allocation is padded to 16 bytes).
 */
export interface LoopKernel {
  readonly form: "loop";
  readonly label: string;
  readonly rows: number;
  readonly cols: number;
  readonly schedule: "flat" | "thread" | "workgroup";
  readonly workgroupSize: number;
  /** `workgroup` alone: results of stages meet within subgroups first (the device has `subgroups` and the language `subgroup_id`). */
  readonly subgroups?: true;
  readonly lanes: 1 | 4;
  readonly laneAxis: number;
  readonly bindings: readonly Binding[];
  readonly numParams: number;
  readonly stages: readonly Stage[];
  readonly body: Body;
}

/** A matrix operand: `code` computes the element at axes (batch 0, m 1, n 2, k 3; A uses 0, 1, 3, B uses 0, 3, 2) as step `value`. */
export interface Operand {
  readonly code: readonly Instr[];
  readonly value: number;
  /** Stored with k (A: m) in the wrong order for NN: A as [k, m], B as [n, k]. */
  readonly transposed: boolean;
  /** The operand is loaded four at a time along its stored inner axis (extent divisible by 4, binding `vector`). */
  readonly vector: boolean;
}

/**
 * C[b, m, n] = sum over k of A[b, m, k] * B[b, k, n], float32 accumulation in a fixed order, followed by `epilogue` at axes
 * (0 batch, 1 m, 2 n) with `acc`. Param words 0..3 are batch, m, n, k. In the epilogue lanes run along n; its loads and stores are
 * `vector` where n divides by 4 and the layout allows.
 */
export interface GemmKernel {
  readonly form: "gemm";
  readonly label: string;
  readonly tile: GemmTile;
  readonly a: Operand;
  readonly b: Operand;
  readonly bindings: readonly Binding[];
  readonly numParams: number;
  readonly epilogue: Body;
  /**
   * Column sums of B (sum over k of B[b, k, n], one value per n, from the same loads: dW and db in one kernel), handed to `body`
   * at axes (0 batch, 2 n) as `acc`; computed by the workgroups of m = 0.
   */
  readonly columnSum?: Body;
}

/**
 * `threads` is [along n, along m]; each computes `perThread` [m, n] outputs; `shared` stages tiles of depth `depth` in workgroup memory;
 * `quads` of 2 x 2 threads share what they load (the device's subgroups are of four invocations).
 */
export interface GemmTile {
  readonly threads: readonly [number, number];
  readonly perThread: readonly [number, number];
  readonly shared: boolean;
  readonly depth: number;
  readonly quads?: true;
}

/** Independent kernels in one dispatch, by workgroup range. Bindings are those of the parts after another (`bindingMap[part][i]`). */
export interface SideKernel {
  readonly form: "side";
  readonly label: string;
  readonly parts: readonly (LoopKernel | GemmKernel | TemplateKernel)[];
  readonly bindings: readonly Binding[];
  readonly bindingMap: readonly (readonly number[])[];
  /** First param word of each part; the words after the last part hold the workgroup count of each part. */
  readonly paramBase: readonly number[];
  readonly numParams: number;
}

/**
 * The signature of a hand-written kernel. Each backend has what it runs by `name`, so that a page loads no other's: WGSL (`codegen/templates`),
 * WebAssembly (`cpu/wasm/templates`) or, where there is none, JavaScript (`cpu/blocks/templates`). Elements of operands are numbered row-major.
 *
 * A template of one's own brings `wgsl` and `cpu`, as far as it is launched there; they come before those of the library, but for
 * WebAssembly, which its name chooses.
 */
export interface Template {
  /** Its identity: kernels of templates of one name are taken for the same. */
  readonly name: string;
  readonly inputs: readonly TemplateOperand[];
  readonly outputs: readonly TemplateOperand[];
  /**
   * Text that declares `// @hook` functions for the operands it uses: `load_x(i: i32) -> T` for input x (`load4_x` where its `lanes` are 4: four
   * elements from i, a multiple of 4), `store_y(i: i32, value: T)`, `read_y(i: i32) -> T` (4: `store4_y`, `read4_y`) for output y, and
   * `param(word: i32) -> i32`; and `fn kernel(group: u32, lid: u32)`.
   */
  readonly wgsl?: string;
  /** The same on typed arrays: results within rounding of the WGSL. */
  readonly cpu?: RunTemplate;
}

export interface TemplateOperand {
  readonly name: string;
  readonly dtype: Dtype;
  readonly lanes: 1 | 4;
}

export type TemplateArray = Float32Array | Int32Array | Uint32Array;

/** One call on the cpu: whole operands in row-major order; `constants` and `params` as the call has them. */
export interface TemplateRun {
  readonly inputs: readonly TemplateArray[];
  readonly outputs: readonly TemplateArray[];
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly params: Int32Array;
}

export type RunTemplate = (run: TemplateRun) => void;

export interface TemplateInput extends Pick<Operand, "code" | "value" | "vector"> {
  readonly size: number;
}

export interface TemplateOutput {
  readonly binding: number;
  readonly offset: number | null;
  /** Code of further elements to its place (int32), which may differ from run to run: inside a repeat, by the iteration. */
  readonly shift?: Pick<Operand, "code" | "value">;
  readonly vector: boolean;
  readonly size: number;
}

/**
 * A call of a template. The first `numOwnParams` param words are the template's (`param(0)`...), those of the operands' code follow. An input's `code`
 * computes its element at axis 0; an output lies at `offset` (param word; null: 0) elements into its binding; `size` is the param word with an
 * operand's number of elements. `constants` are those that the WGSL marks `// @specialize`. The number of workgroups is not derivable: `Call` has it.
 */
export interface TemplateKernel {
  readonly form: "template";
  readonly label: string;
  readonly template: Template;
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly workgroupSize: number;
  readonly inputs: readonly TemplateInput[];
  readonly outputs: readonly TemplateOutput[];
  readonly bindings: readonly Binding[];
  readonly numOwnParams: number;
  readonly numParams: number;
}

export type Kernel = LoopKernel | GemmKernel | TemplateKernel | SideKernel;

/** @file The forms of a generated kernel among which measurements choose, and the name of the problem that it solves. */
import type { Target } from "../ir/device.ts";
import type { GemmKernel, GemmTile, LoopKernel } from "../ir/kernel.ts";

/** Kernels whose form is a matter of speed alone. */
export type TunableKernel = LoopKernel | GemmKernel;

/** What the forms depend on besides the kernel. */
export type TuningTarget = Pick<
  Target,
  "software" | "workgroupBytes" | "maxWorkgroupSize" | "subgroups" | "quads"
>;

const tile = (threads: GemmTile["threads"], perThread: GemmTile["perThread"], shared: boolean): GemmTile => ({
  threads,
  perThread,
  shared,
  depth: shared ? 16 : 4,
});

/** For products that fill tiles, on GPUs: from 32 x 32 outputs of a workgroup to 128 x 128, through workgroup memory and by registers. */
const wideTiles: readonly GemmTile[] = [
  tile([8, 8], [4, 4], true),
  tile([8, 8], [8, 8], true),
  tile([16, 16], [4, 4], true),
  tile([16, 16], [8, 8], true),
  tile([8, 8], [4, 4], false),
  tile([8, 8], [8, 4], false),
];

/** For products of few rows or columns, or with a short k. */
const narrowTiles: readonly GemmTile[] = [
  tile([8, 8], [1, 4], false),
  tile([4, 16], [1, 4], false),
  tile([8, 8], [4, 4], false),
];

/** For CPU renderers: registers alone. */
const softwareTiles: readonly GemmTile[] = [
  tile([8, 8], [4, 4], false),
  tile([8, 3], [8, 8], false),
  tile([4, 1], [16, 16], false),
];

/** For those of them whose subgroups are of four invocations. */
const quadTiles: readonly GemmTile[] = [{ ...tile([4, 4], [8, 8], false), quads: true }];

function tileName({ threads, perThread, shared, depth, quads }: GemmTile): string {
  const outputs = `${threads[1] * perThread[0]}x${threads[0] * perThread[1]}`;
  return `${outputs}${shared ? `x${depth}` : ""}${quads ? " in quads" : ""} by ${threads[0] * threads[1]}`;
}

function tileFits({ threads, perThread, shared, depth }: GemmTile, target: TuningTarget): boolean {
  const outputs = threads[1] * perThread[0] + threads[0] * perThread[1];
  const bytes = shared ? 4 * depth * outputs : 0;
  return threads[0] * threads[1] <= target.maxWorkgroupSize && bytes <= target.workgroupBytes;
}

function gemmForms(kernel: GemmKernel, params: Uint32Array, target: TuningTarget): [string, GemmKernel][] {
  const [, m = 0, n = 0, k = 0] = params;
  const narrow = m < 16 || n < 16 || k < 16;
  const inSoftware = target.quads ? [...softwareTiles, ...quadTiles] : softwareTiles;
  const tiles = target.software ? inSoftware : narrow ? narrowTiles : wideTiles;
  return [kernel.tile, ...tiles.filter((each) => tileFits(each, target))].map((each) => {
    const name = tileName(each);
    const short = name.replace(/ by .*/, "").replace(" in ", "_");
    const label = kernel.label.replace(/_\d+x\d+(x\d+)?(_quads)?/, `_${short}`);
    return [name, { ...kernel, label, tile: each }];
  });
}

type RowForm = Pick<LoopKernel, "schedule" | "workgroupSize"> & { readonly subgroups: boolean };

const rowName = ({ schedule, workgroupSize, subgroups }: RowForm): string =>
  schedule === "thread" ? schedule : `${schedule} of ${workgroupSize}${subgroups ? " by subgroups" : ""}`;

/** Every partial result of every stage in workgroup memory: at most two cells of four lanes each. */
const rowFits = (form: RowForm, { stages }: LoopKernel, target: TuningTarget): boolean =>
  form.schedule === "thread" ||
  (form.workgroupSize <= target.maxWorkgroupSize &&
    32 * stages.length * form.workgroupSize <= target.workgroupBytes);

function rowForms(kernel: LoopKernel, target: TuningTarget): [string, LoopKernel][] {
  const own: RowForm = { ...kernel, subgroups: kernel.subgroups ?? false };
  const ways = target.subgroups && kernel.stages.length > 0 ? [false, true] : [false];
  const workgroups = ways.flatMap((subgroups) =>
    [64, 256].map((workgroupSize): RowForm => ({ schedule: "workgroup", workgroupSize, subgroups })),
  );
  const forms: RowForm[] = [{ schedule: "thread", workgroupSize: 64, subgroups: false }, ...workgroups];
  return [own, ...forms.filter((form) => rowFits(form, kernel, target))].map((form) => {
    const { subgroups: _, ...plain } = kernel;
    const { schedule, workgroupSize } = form;
    const label = kernel.label.replace(`loop_${kernel.schedule}`, `loop_${schedule}`);
    const variant = { ...plain, label, schedule, workgroupSize };
    return [rowName(form), form.subgroups ? { ...variant, subgroups: true } : variant];
  });
}

/**
 * The forms that compute what `kernel` computes, by name, its own first: tiles of a product; one invocation or one workgroup for
 * each row of a reduction. Elementwise kernels have no other form: the map is then empty.
 */
export function alternatives<K extends TunableKernel>(
  kernel: K,
  params: Uint32Array,
  target: TuningTarget,
): ReadonlyMap<string, K> {
  if (kernel.form === "loop" && kernel.cols === 0) return new Map();
  const forms: [string, TunableKernel][] =
    kernel.form === "gemm" ? gemmForms(kernel, params, target) : rowForms(kernel, target);
  const named = new Map<string, K>();
  for (const [name, form] of forms) if (!named.has(name)) named.set(name, form as K);
  return named.size > 1 ? named : new Map();
}

/** FNV-1a and a multiplicative hash side by side: 64 bits are enough for the kernels of a lifetime. */
function hashOf(text: string): string {
  let [first, second] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    first = Math.imul(first ^ text.charCodeAt(i), 0x01000193);
    second = Math.imul(second + text.charCodeAt(i), 0x85ebca6b) ^ (second >>> 15);
  }
  return [first, second].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Labels and what the forms differ in are no part of the problem. */
const formFields = new Set(["label", "tile", "schedule", "workgroupSize", "subgroups"]);

/**
 * Names what a kernel computes, whatever its form: extents and a hash of its structure.
 *
 * @example problemOf(kernel, params); // "gemm nt 1x128x10x784 5f0c..."
 */
export function problemOf(kernel: TunableKernel, params: Uint32Array): string {
  const structure = JSON.stringify(kernel, (name, value) => (formFields.has(name) ? undefined : value));
  const numExtents = kernel.form === "gemm" ? 4 : kernel.rows + kernel.cols;
  const extents = [...params.subarray(0, numExtents)];
  const turned = (operand: { readonly transposed: boolean }) => (operand.transposed ? "t" : "n");
  const what =
    kernel.form === "gemm"
      ? `gemm ${turned(kernel.a)}${turned(kernel.b)} ${extents.join("x")}`
      : `rows ${extents.slice(0, kernel.rows).join("x") || 1} of ${extents.slice(kernel.rows).join("x")}`;
  return `${what} ${hashOf(structure)}`;
}

/** @file Kernels that order rows and reduce segments, for the tests of both backends, and their references. */
import type { Binding, Dtype, Instr, Template, TemplateKernel } from "../src/ir/kernel.ts";
import { cumulativeOperations, indexKeys, mergeWays, type OrderDtype } from "../src/templates/codes.ts";
import {
  orderBlocksTemplate,
  orderInverseTemplate,
  orderMergeTemplate,
  orderRankTemplate,
} from "../src/templates/order.ts";
import { segmentTemplate } from "../src/templates/segment.ts";

export type Words = Float32Array | Int32Array | Uint32Array;

/** A call over plain buffers: the kernel, its words, its buffers (inputs, then the output) and its workgroups. */
export interface TemplateCase {
  readonly kernel: TemplateKernel;
  readonly words: readonly number[];
  readonly data: readonly Words[];
  readonly workgroups: number;
}

const loadCode = (dtype: Dtype, value: number): Instr[] => [
  { op: "axis", dtype: "int32", args: [], value: 0 },
  { op: "load", dtype, args: [0], value },
];

function caseOf(
  template: Template,
  constants: TemplateKernel["constants"],
  own: readonly number[],
  data: readonly Words[],
  workgroups: number,
): TemplateCase {
  const bind = (dtype: Dtype, access: Binding["access"]): Binding => ({ dtype, access, vector: false });
  const kernel: TemplateKernel = {
    form: "template",
    label: template.name,
    template,
    constants,
    workgroupSize: Number(constants.THREADS),
    inputs: template.inputs.map(({ dtype }, i) => ({
      code: loadCode(dtype, i),
      value: 1,
      vector: false,
      size: own.length + i,
    })),
    outputs: [
      {
        binding: template.inputs.length,
        offset: null,
        vector: false,
        size: own.length + template.inputs.length,
      },
    ],
    bindings: [
      ...template.inputs.map(({ dtype }) => bind(dtype, "read")),
      ...template.outputs.map(({ dtype }) => bind(dtype, "read_write")),
    ],
    numOwnParams: own.length,
    numParams: own.length + data.length,
  };
  return { kernel, words: [...own, ...data.map((array) => array.length)], data, workgroups };
}

export interface OrderCase {
  readonly way: "rank" | "blocks" | "merge";
  readonly dtype: OrderDtype;
  readonly rows: number;
  readonly length: number;
  /** Of the blocks that are in order afterwards. */
  readonly width: number;
  readonly descending?: boolean;
  readonly indices?: keyof typeof indexKeys;
}

/** Few distinct values, so that most have equals; NaN, both zeros and infinities among the floats, indices out of range among integers. */
export function orderData({ dtype, rows, length }: OrderCase): Words {
  const special = [Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const values = Array.from({ length: rows * length }, (_, i) => {
    const value = Math.round(Math.sin(i * i + 1) * 12);
    return dtype === "float32" ? (special[i % 11] ?? value / 4) : dtype === "int32" ? value : value + 4e9;
  });
  if (dtype === "float32") return new Float32Array(values);
  return dtype === "int32" ? new Int32Array(values) : new Uint32Array(values);
}

/** Extent that integers are indices of. */
const extent = 8;

/** Positions of blocks of `width` in stable order, by comparing numbers. */
export function expectedOrder(spec: OrderCase, x: Words, width = spec.width): Int32Array {
  const { rows, length, descending, indices = "none" } = spec;
  const meaning = (value: number): number => {
    if (Number.isNaN(value)) return Number.POSITIVE_INFINITY;
    if (indices === "clamp") return Math.min(Math.max(value < 0 ? value + extent : value, 0), extent - 1);
    return indices === "drop" && (value < 0 || value >= extent) ? extent : value;
  };
  const compare = (a: number, b: number): number => {
    const [p, q] = [meaning(a), meaning(b)];
    const order = p === q ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : p < q ? -1 : 1;
    return descending ? -order : order;
  };
  const out = new Int32Array(rows * length);
  for (let row = 0; row < rows; row++)
    for (let begin = 0; begin < length; begin += width) {
      const places = Array.from({ length: Math.min(width, length - begin) }, (_, k) => begin + k);
      const at = (place: number) => x[row * length + place]!;
      places.sort((a, b) => compare(at(a), at(b)) || a - b);
      out.set(places, row * length + begin);
    }
  return out;
}

export function orderCase(spec: OrderCase): TemplateCase {
  const { way, dtype, rows, length, width, descending = false, indices = "none" } = spec;
  const x = orderData(spec);
  const constants = { DESCENDING: descending, INDICES: indexKeys[indices] };
  const y = new Int32Array(rows * length);
  const groups = Math.ceil((rows * length) / 64);
  if (way === "rank") {
    const own = [rows, length, width, extent];
    return caseOf(orderRankTemplate(dtype), { ...constants, THREADS: 64 }, own, [x, y], groups);
  }
  if (way === "merge") {
    const part = width / mergeWays;
    const all = { ...constants, WAYS: mergeWays, THREADS: 64 };
    const data = [x, expectedOrder(spec, x, part), y];
    return caseOf(orderMergeTemplate(dtype), all, [rows, length, part, extent], data, groups);
  }
  const threads = Math.min(width / 2, 256);
  const all = { ...constants, SIZE: width, THREADS: threads };
  const blocks = rows * Math.ceil(length / width);
  return caseOf(orderBlocksTemplate(dtype), all, [rows, length, width, extent], [x, y], blocks);
}

const ragged = [1, 3, 31, 33, 64, 65, 127, 1000, 5000];

export const orderCases: readonly OrderCase[] = [
  ...(["rank", "blocks", "merge"] as const).flatMap((way) => [
    ...ragged.map((length): OrderCase => {
      const width = way === "rank" ? 8192 : way === "blocks" ? 2048 : 512;
      return { way, dtype: "float32", rows: length > 999 ? 1 : 3, length, width };
    }),
    { way, dtype: "float32", rows: 2, length: 300, width: 64, descending: true } as const,
    { way, dtype: "uint32", rows: 2, length: 77, width: 128, descending: true } as const,
    { way, dtype: "int32", rows: 2, length: 129, width: 256 } as const,
    { way, dtype: "int32", rows: 5, length: 100, width: 128, indices: "clamp" } as const,
    { way, dtype: "int32", rows: 1, length: 100, width: 128, indices: "drop" } as const,
  ]),
];

export function inverseCase(rows: number, length: number): TemplateCase {
  const spec: OrderCase = { way: "rank", dtype: "float32", rows, length, width: 8192 };
  const order = expectedOrder(spec, orderData(spec));
  const data = [order, new Int32Array(order.length)];
  const groups = Math.ceil(order.length / 64);
  return caseOf(orderInverseTemplate, { THREADS: 64 }, [rows, length], data, groups);
}

export interface SegmentCase {
  readonly operation: keyof typeof cumulativeOperations;
  readonly dtype: "float32" | "int32";
  readonly groups: number;
  readonly count: number;
  readonly segments: number;
  readonly columns: number;
  readonly parts: number;
  readonly lanes?: 4;
}

/** Segments of uneven lengths, some empty. */
export function segmentCase(spec: SegmentCase): TemplateCase & { readonly expected: Float64Array } {
  const { operation, dtype, groups, count, segments, columns, parts, lanes = 1 } = spec;
  const numbers = Array.from({ length: groups * count * columns }, (_, i) => {
    const value = Math.sin(i * i + 3);
    if (operation === "prod") return 1 + value / 8;
    return dtype === "int32" ? Math.round(value * 1e6) : value;
  });
  const x = dtype === "int32" ? new Int32Array(numbers) : new Float32Array(numbers);
  const order = new Int32Array(groups * count);
  const offsets = new Int32Array(groups * (segments + 1));
  for (let group = 0; group < groups; group++) {
    for (let k = 0; k < count; k++) order[group * count + k] = count - 1 - k;
    for (let s = 0; s <= segments; s++)
      offsets[group * (segments + 1) + s] = Math.round(
        count * Math.min(1, (s / segments) ** 2 + 0.05 * (s % 2)),
      );
    offsets.subarray(group * (segments + 1), (group + 1) * (segments + 1)).sort();
  }
  const limit = dtype === "int32" ? 2 ** 31 : Number.POSITIVE_INFINITY;
  const start = { sum: 0, prod: 1, max: -limit, min: dtype === "int32" ? limit - 1 : limit }[operation];
  const combine = {
    sum: (a: number, b: number) => a + b,
    prod: (a: number, b: number) => a * b,
    max: Math.max,
    min: Math.min,
  }[operation];
  const expected = new Float64Array(groups * segments * columns).fill(start);
  for (let group = 0; group < groups; group++)
    for (let s = 0; s < segments; s++)
      for (let k = offsets[group * (segments + 1) + s]!; k < offsets[group * (segments + 1) + s + 1]!; k++)
        for (let column = 0; column < columns; column++) {
          const i = (group * segments + s) * columns + column;
          expected[i] = combine(
            expected[i]!,
            x[(group * count + order[group * count + k]!) * columns + column]!,
          );
        }
  const y = dtype === "int32" ? new Int32Array(expected.length) : new Float32Array(expected.length);
  const constants = { OPERATION: cumulativeOperations[operation], PARTS: parts, LANES: lanes, THREADS: 64 };
  const own = [groups, count, segments, columns / lanes];
  const workgroups = Math.ceil(((expected.length / lanes) * parts) / 64);
  return {
    ...caseOf(segmentTemplate(dtype, lanes), constants, own, [x, order, offsets, y], workgroups),
    expected,
  };
}

export const segmentCases: readonly SegmentCase[] = [
  ...(["sum", "prod", "max", "min"] as const).flatMap((operation): SegmentCase[] => [
    { operation, dtype: "float32", groups: 1, count: 127, segments: 10, columns: 3, parts: 1 },
    { operation, dtype: "float32", groups: 3, count: 65, segments: 7, columns: 1, parts: 8 },
  ]),
  { operation: "sum", dtype: "float32", groups: 1, count: 5000, segments: 33, columns: 1, parts: 64 },
  { operation: "sum", dtype: "float32", groups: 2, count: 127, segments: 33, columns: 8, parts: 1, lanes: 4 },
  {
    operation: "sum",
    dtype: "float32",
    groups: 1,
    count: 1000,
    segments: 31,
    columns: 4,
    parts: 8,
    lanes: 4,
  },
  { operation: "sum", dtype: "int32", groups: 2, count: 1000, segments: 31, columns: 5, parts: 8 },
  { operation: "max", dtype: "int32", groups: 2, count: 64, segments: 3, columns: 2, parts: 1 },
];

/** The largest difference relative to the largest finite value. */
export function segmentError(found: ArrayLike<number>, expected: Float64Array): number {
  const scale = expected.reduce(
    (top, value) => (Number.isFinite(value) ? Math.max(top, Math.abs(value)) : top),
    1,
  );
  return expected.reduce((worst, value, i) => {
    const error = Object.is(found[i], value) ? 0 : Math.abs(found[i]! - value);
    return Math.max(worst, error / scale);
  }, 0);
}

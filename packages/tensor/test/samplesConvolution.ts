/** @file Sample rows of windows, convolutions and pooling: odd extents, strides, dilations, paddings and groups. */
import { type Node, record } from "../src/graph/node.ts";
import * as a from "../src/primitives/adaptivePooling.ts";
import * as c from "../src/primitives/conv.ts";
import { broadcastTo } from "../src/primitives/movement.ts";
import * as p from "../src/primitives/pooling.ts";
import * as w from "../src/primitives/window.ts";
import type { Sample } from "./samples.ts";
import { integers, separated, uniform, values } from "./samplesInputs.ts";

const one = (of: (x: Node) => Node) => (inputs: readonly Node[]) => of(inputs[0] as Node);
const two = (of: (x: Node, y: Node) => Node) => (inputs: readonly Node[]) =>
  of(inputs[0] as Node, inputs[1] as Node);

interface WindowRow {
  readonly label: string;
  readonly shape: readonly number[];
  readonly windows: w.Windows;
}

const windowRows: readonly WindowRow[] = [
  {
    label: "of 3",
    shape: [2, 5, 2],
    windows: { axes: [1], sizes: [3], strides: [1], dilations: [1] },
  },
  {
    label: "of 3 by 2, the last element in none",
    shape: [2, 6],
    windows: { axes: [1], sizes: [3], strides: [2], dilations: [1] },
  },
  {
    label: "of 2 by 3 with gaps",
    shape: [8, 2],
    windows: { axes: [0], sizes: [2], strides: [3], dilations: [1] },
  },
  {
    label: "dilated and strided",
    shape: [1, 9, 2],
    windows: { axes: [1], sizes: [3], strides: [2], dilations: [3] },
  },
  {
    label: "of two axes",
    shape: [2, 5, 6, 2],
    windows: { axes: [1, 2], sizes: [3, 2], strides: [2, 1], dilations: [1, 2] },
  },
  {
    label: "of two axes, one of them single",
    shape: [4, 5],
    windows: { axes: [0, 1], sizes: [1, 2], strides: [1, 2], dilations: [1, 1] },
  },
  {
    label: "of two axes, the second single",
    shape: [4, 3, 2],
    windows: { axes: [0, 1], sizes: [2, 1], strides: [2, 1], dilations: [1, 1] },
  },
  {
    label: "single elements by 2",
    shape: [1, 5, 2],
    windows: { axes: [1], sizes: [1], strides: [2], dilations: [1] },
  },
];

const skewRows: readonly { label: string; shape: readonly number[]; skew: w.Skew }[] = [
  { label: "forward", shape: [7, 3], skew: { axis: 0, by: 1, factor: 2, offset: 0, size: 3 } },
  { label: "backward", shape: [2, 8, 3], skew: { axis: 1, by: 2, factor: -2, offset: 5, size: 3 } },
  { label: "by an axis before", shape: [3, 2, 6], skew: { axis: 2, by: 0, factor: 1, offset: 1, size: 2 } },
];

/** A convolution row: extents of batch, space and channels, the filter's, and what differs from the plain one. */
interface ConvRow extends Partial<c.Geometry> {
  readonly label: string;
  readonly input: readonly number[];
  readonly filter: readonly number[];
}

const convRows: readonly ConvRow[] = [
  { label: "3x3", input: [2, 5, 6, 2], filter: [3, 3, 2, 3] },
  { label: "3x3 padded", input: [2, 5, 4, 2], filter: [3, 3, 2, 3], low: [1, 1], high: [1, 1] },
  { label: "1x1", input: [2, 3, 4, 3], filter: [1, 1, 3, 2] },
  { label: "1x1 by 2", input: [1, 5, 6, 2], filter: [1, 1, 2, 3], strides: [2, 2] },
  {
    label: "3x3 by 2",
    input: [1, 7, 6, 2],
    filter: [3, 3, 2, 2],
    strides: [2, 2],
    low: [1, 0],
    high: [1, 1],
  },
  { label: "2x3 by 2 and 1", input: [1, 5, 5, 1], filter: [2, 3, 1, 2], strides: [2, 1], low: [0, 1] },
  { label: "3x2 by 3 and 2", input: [1, 8, 7, 2], filter: [3, 2, 2, 1], strides: [3, 2], high: [2, 0] },
  { label: "dilated 3x2", input: [1, 7, 6, 2], filter: [3, 2, 2, 2], dilations: [2, 3], low: [2, 1] },
  {
    label: "dilated and strided",
    input: [1, 8, 9, 1],
    filter: [2, 3, 1, 2],
    dilations: [3, 2],
    strides: [2, 3],
  },
  { label: "of width 5 in 1D, causal", input: [2, 6, 2], filter: [5, 2, 2], low: [4] },
  { label: "of width 2 by 3 in 1D", input: [2, 9, 2], filter: [2, 2, 3], strides: [3], low: [1], high: [1] },
  { label: "in 3D", input: [1, 3, 4, 3, 2], filter: [2, 2, 2, 2, 2], strides: [1, 2, 1], high: [0, 1, 1] },
  { label: "in two groups", input: [1, 4, 5, 4], filter: [3, 2, 2, 6], groups: 2, low: [1, 0], high: [1, 0] },
  {
    label: "in two groups by 2",
    input: [1, 5, 4, 4],
    filter: [3, 2, 2, 4],
    groups: 2,
    strides: [2, 2],
    high: [1, 1],
  },
  { label: "depthwise", input: [2, 4, 5, 3], filter: [3, 3, 1, 3], groups: 3, low: [1, 1], high: [1, 1] },
  { label: "depthwise times 2", input: [1, 5, 4, 2], filter: [2, 3, 1, 4], groups: 2, high: [0, 1] },
  {
    label: "depthwise by 2",
    input: [1, 5, 6, 2],
    filter: [3, 3, 1, 4],
    groups: 2,
    strides: [2, 2],
    low: [1, 0],
    high: [1, 1],
  },
  { label: "one filter per group", input: [1, 4, 4, 4], filter: [2, 2, 2, 2], groups: 2 },
  { label: "of a cut input", input: [1, 6, 5, 2], filter: [2, 2, 2, 2], low: [-1, 0], high: [0, -1] },
];

function geometryOf({ input, filter, ...given }: ConvRow): c.Geometry {
  const { label: _, ...rest } = given;
  const extents = input.slice(1, -1);
  const all = (value: number) => extents.map(() => value);
  const sizes = filter.slice(0, -2);
  return {
    extents,
    sizes,
    strides: all(1),
    low: all(0),
    high: all(0),
    dilations: all(1),
    groups: 1,
    ...rest,
  };
}

const convolutions: readonly Sample[] = convRows.flatMap((row) => {
  const geometry = geometryOf(row);
  const [batch, filters] = [row.input[0] as number, row.filter.at(-1) as number];
  const x = uniform(row.input, -1, 1, 1);
  const filter = uniform(row.filter, -1, 1, 2);
  const g = uniform([batch, ...c.convPositions(geometry), filters], -1, 1, 3);
  return [
    {
      label: `conv ${row.label}`,
      primitive: c.convPrimitive,
      inputs: [x, filter],
      build: two((a, b) => c.conv(a, b, geometry)),
    },
    {
      label: `convInput ${row.label}`,
      primitive: c.convInputPrimitive,
      inputs: [g, filter],
      build: two((a, b) => c.convInput(a, b, geometry)),
    },
    {
      label: `convFilter ${row.label}`,
      primitive: c.convFilterPrimitive,
      inputs: [x, g],
      build: two((a, b) => c.convFilter(a, b, geometry)),
    },
  ];
});

interface PoolRow extends Partial<p.Pool> {
  readonly label: string;
  readonly input: readonly number[];
  readonly sizes: readonly number[];
}

const poolRows: readonly PoolRow[] = [
  { label: "2x2", input: [2, 4, 6, 2], sizes: [2, 2] },
  { label: "2x2, odd extents", input: [1, 5, 5, 2], sizes: [2, 2] },
  { label: "2x2 of odd extents, padded", input: [1, 5, 3, 2], sizes: [2, 2], high: [1, 1] },
  {
    label: "3x3 by 2, padded",
    input: [1, 6, 5, 2],
    sizes: [3, 3],
    strides: [2, 2],
    low: [0, 1],
    high: [1, 1],
  },
  { label: "3x3 by 1", input: [1, 4, 5, 1], sizes: [3, 3], strides: [1, 1], low: [1, 1], high: [1, 1] },
  { label: "5x2 by 2 and 3", input: [1, 8, 7, 1], sizes: [5, 2], strides: [2, 3], low: [2, 0], high: [1, 0] },
  { label: "of 2 by 3 in 1D", input: [2, 7, 2], sizes: [2], strides: [3], low: [1] },
  { label: "in 3D", input: [1, 4, 3, 4, 2], sizes: [2, 2, 3], strides: [2, 1, 2], high: [0, 1, 1] },
];

function poolOf({ input, sizes, strides = sizes, low, high }: PoolRow): p.Pool {
  const none = sizes.map(() => 0);
  return { extents: input.slice(1, -1), sizes, strides, low: low ?? none, high: high ?? none };
}

const pools: readonly Sample[] = poolRows.flatMap((row) => {
  const pool = poolOf(row);
  const shape = [row.input[0] as number, ...p.poolPositions(pool), row.input.at(-1) as number];
  return [
    {
      label: `maxPool ${row.label}`,
      primitive: p.maxPoolPrimitive,
      inputs: [separated(row.input)],
      build: one((x) => p.maxPool(x, pool)),
    },
    {
      label: `averagePool ${row.label}`,
      primitive: p.sumPoolPrimitive,
      inputs: [uniform(row.input)],
      build: one((x) => p.averagePool(x, pool)),
    },
    {
      label: `sumSpread ${row.label}`,
      primitive: p.sumSpreadPrimitive,
      inputs: [uniform(shape)],
      build: one((g) => record(p.sumSpreadPrimitive, [g], { ...pool })),
    },
  ];
});

const pool = poolOf({ label: "", input: [1, 5, 5, 2], sizes: [3, 2], strides: [1, 2] });
const positionShape = [1, ...p.poolPositions(pool), 2];

const positions: readonly Sample[] = [
  {
    label: "maxPool int32",
    primitive: p.maxPoolPrimitive,
    inputs: [integers([1, 5, 5, 2], -50, 50)],
    build: one((x) => p.maxPool(x, pool)),
    noGradient: "the result is no float",
  },
  {
    label: "maxPosition takes the first of equals",
    primitive: p.maxPositionPrimitive,
    inputs: [integers([1, 5, 5, 2], 0, 2, "int32", 5)],
    build: one((x) => record(p.maxPositionPrimitive, [x], { ...pool })),
    noGradient: "the result is no float",
  },
  {
    label: "maxSpread",
    primitive: p.maxSpreadPrimitive,
    inputs: [uniform(positionShape), integers(positionShape, 0, 6)],
    build: two((g, at) => record(p.maxSpreadPrimitive, [g, at], { ...pool })),
  },
  {
    label: "maxPick",
    primitive: p.maxPickPrimitive,
    inputs: [uniform([1, 5, 5, 2]), integers(positionShape, 0, 6)],
    build: two((x, at) => record(p.maxPickPrimitive, [x, at], { ...pool })),
  },
];

const adaptiveRows = [
  { label: "5 to 3", input: [2, 5, 2], size: 3 },
  { label: "7 to 2", input: [2, 7, 1], size: 2 },
  { label: "6 to 3", input: [1, 6, 2], size: 3 },
  { label: "3 to 5", input: [1, 3, 2], size: 5 },
];

const adaptive: readonly Sample[] = [
  ...adaptiveRows.flatMap(({ label, input, size }) => [
    {
      label: `adaptiveAverage ${label}`,
      primitive: a.adaptiveSumPrimitive,
      inputs: [uniform(input)],
      build: one((x) => a.adaptiveAverage(x, 1, size)),
    },
    {
      label: `adaptiveMax ${label}`,
      primitive: a.adaptiveMaxPrimitive,
      inputs: [separated(input)],
      build: one((x) => a.adaptiveMax(x, 1, size)),
    },
  ]),
  {
    label: "adaptivePosition takes the first of equals",
    primitive: a.adaptivePositionPrimitive,
    inputs: [integers([2, 7, 2], 0, 2, "int32", 5)],
    build: one((x) => record(a.adaptivePositionPrimitive, [x], { axis: 1, size: 3 })),
    noGradient: "the result is no float",
  },
  {
    label: "adaptiveSpread",
    primitive: a.adaptiveSpreadPrimitive,
    inputs: [uniform([2, 3, 2]), values([1, 3, 1], [1, 3, 6], "int32")],
    build: two((g, at) =>
      record(a.adaptiveSpreadPrimitive, [g, broadcastTo(at, g.shape)], { axis: 1, size: 7 }),
    ),
  },
  {
    label: "adaptivePick",
    primitive: a.adaptivePickPrimitive,
    inputs: [uniform([2, 7, 2]), values([1, 3, 1], [1, 3, 6], "int32")],
    build: two((x, at) => record(a.adaptivePickPrimitive, [x, broadcastTo(at, [2, 3, 2])], { axis: 1 })),
  },
];

export const convolution: readonly Sample[] = [
  ...windowRows.map(({ label, shape, windows }) => ({
    label: `window ${label}`,
    primitive: w.windowPrimitive,
    inputs: [uniform(shape)],
    build: one((x) => w.window(x, windows)),
  })),
  ...skewRows.map(({ label, shape, skew }) => ({
    label: `skew ${label}`,
    primitive: w.skewPrimitive,
    inputs: [uniform(shape)],
    build: one((x) => w.skew(x, skew)),
  })),
  ...convolutions,
  ...pools,
  ...positions,
  ...adaptive,
];

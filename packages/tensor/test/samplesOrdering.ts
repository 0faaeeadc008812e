/** @file Sample rows of orders, searches, running combinations, segments and scatters: small ones with gradients, ragged sizes without. */
import { type Node, record } from "../src/graph/node.ts";
import { cumulative, cumulativePrimitive } from "../src/primitives/cumulative.ts";
import * as indexing from "../src/primitives/indexing.ts";
import * as order from "../src/primitives/order.ts";
import { orderKey, orderKeyPrimitive } from "../src/primitives/orderKey.ts";
import * as scatter from "../src/primitives/scatter.ts";
import { searchSorted, searchSortedPrimitive } from "../src/primitives/search.ts";
import { segmentReduce, segmentReducePrimitive } from "../src/primitives/segment.ts";
import * as sorting from "../src/primitives/sorting.ts";
import type { Sample } from "./samples.ts";
import { integers, separated, uniform, values } from "./samplesInputs.ts";

const one = (of: (x: Node) => Node) => (inputs: readonly Node[]) => of(inputs[0] as Node);
const two = (of: (x: Node, y: Node) => Node) => (inputs: readonly Node[]) =>
  of(inputs[0] as Node, inputs[1] as Node);
const integerResult = { noGradient: "the result is no float" };
const sized = { noGradient: "a size test: small rows check the rule" };
const ragged = [1, 3, 31, 33, 64, 65, 127];

/** Numbers with many equals among them. */
const repeated = (shape: readonly number[]) => integers(shape, -4, 5, "float32");

const orders: readonly Sample[] = [
  ...ragged.map((length) => ({
    label: `blockOrder of rows of ${length}`,
    primitive: order.blockOrderPrimitive,
    inputs: [repeated([2, length])],
    build: one((x) => order.rowOrder(x)),
    ...integerResult,
  })),
  {
    label: "blockOrder in blocks of 16, largest first",
    primitive: order.blockOrderPrimitive,
    inputs: [repeated([2, 37])],
    build: one((x) => order.blockOrder(x, 16, { descending: true })),
    ...integerResult,
  },
  {
    label: "blockOrder of indices from the end",
    primitive: order.blockOrderPrimitive,
    inputs: [integers([1, 33], -9, 9)],
    build: one((x) => order.rowOrder(x, { extent: 6, outOfRange: "clamp" })),
    ...integerResult,
  },
  {
    label: "blockOrder of indices out of range",
    primitive: order.blockOrderPrimitive,
    inputs: [integers([1, 33], -9, 9)],
    build: one((x) => order.rowOrder(x, { extent: 6, outOfRange: "drop" })),
    ...integerResult,
  },
  {
    label: "mergeOrder of blocks of 16",
    primitive: order.mergeOrderPrimitive,
    inputs: [repeated([3, 127])],
    build: one((x) => {
      const blocks = order.blockOrder(x, 16);
      return record(order.mergeOrderPrimitive, [x, blocks], blocks.attrs);
    }),
    ...integerResult,
  },
  {
    label: "inverseOrder",
    primitive: order.inverseOrderPrimitive,
    inputs: [separated([3, 33])],
    build: one((x) => order.inverseOrder(order.rowOrder(x))),
    ...integerResult,
  },
  ...([separated([2, 5]), integers([2, 5], -9, 9), integers([2, 5], 0, 9, "uint32")] as const).map((x) => ({
    label: `orderKey ${x.dtype}`,
    primitive: orderKeyPrimitive,
    inputs: [x],
    build: one((node: Node) => orderKey(node, { descending: x.dtype === "int32" })),
    ...integerResult,
  })),
];

const sorts: readonly Sample[] = [
  {
    label: "sort",
    primitive: sorting.permutePrimitive,
    inputs: [separated([3, 5])],
    build: one((x) => sorting.sort(x, 1)),
  },
  {
    label: "sort outer axis",
    primitive: sorting.permutePrimitive,
    inputs: [separated([4, 2, 3])],
    build: one((x) => sorting.sort(x, 0)),
  },
  {
    label: "topK",
    primitive: null,
    inputs: [separated([3, 7])],
    build: one((x) => sorting.topK(x, 3).values),
  },
  ...ragged.map((length) => ({
    label: `sort of ${length}`,
    primitive: sorting.permutePrimitive,
    inputs: [repeated([length, 2])],
    build: one((x: Node) => sorting.sort(x, 0)),
    ...sized,
  })),
];

const searches: readonly Sample[] = [
  {
    label: "searchSorted",
    primitive: searchSortedPrimitive,
    inputs: [values([2, 5], [-1, 0, 0, 2, 3, 1, 1, 1, 1, 4]), values([2, 4], [0, -2, 3, 9, 1, 0, 4, 2])],
    build: two((x, y) => searchSorted(x, y)),
    ...integerResult,
  },
  {
    label: "searchSorted right, through an order",
    primitive: searchSortedPrimitive,
    inputs: [integers([1, 13], -4, 4), integers([1, 9], -5, 5)],
    build: two((x, y) => searchSorted(x, y, { right: true, order: order.rowOrder(x) })),
    ...integerResult,
  },
];

const running: readonly Sample[] = [
  ...(["sum", "prod", "max", "min"] as const).flatMap((operation) => [
    {
      label: `cumulative ${operation}`,
      primitive: cumulativePrimitive,
      inputs: [separated([2, 5])],
      build: one((x: Node) => cumulative(x, 1, operation)),
      rebuilds: true,
    },
    {
      label: `cumulative ${operation} of what lies behind`,
      primitive: cumulativePrimitive,
      inputs: [values([4, 2], [0.5, 2, -1, 1.5, 3, -2, 0.25, 1])],
      build: one((x: Node) =>
        cumulative(x, 0, operation, { reverse: true, exclusive: operation !== "max" && operation !== "min" }),
      ),
      rebuilds: true,
    },
    {
      label: `cumulative ${operation} of 300`,
      primitive: cumulativePrimitive,
      inputs: [uniform([2, 300], 0.9, 1.1)],
      build: one((x: Node) => cumulative(x, 1, operation)),
      rebuilds: true,
      ...sized,
    },
  ]),
  {
    label: "cumulative product with zeros",
    primitive: cumulativePrimitive,
    inputs: [values([2, 4], [2, 0, 3, 4, 0, 0, 5, 1])],
    build: one((x) => cumulative(x, 1, "prod")),
    rebuilds: true,
  },
  {
    label: "cumulative sum int32",
    primitive: cumulativePrimitive,
    inputs: [integers([3, 33], -9, 9)],
    build: one((x) => cumulative(x, 1, "sum")),
    ...integerResult,
  },
];

const ids = values([7], [2, 0, 2, 1, 0, 2, 1], "int32");
const outside = values([7], [2, 0, -1, 1, 0, 9, 1], "int32");

const segments: readonly Sample[] = [
  ...(["max", "min", "prod"] as const).flatMap((operation) => [
    {
      label: `segment ${operation}`,
      primitive: scatter.segmentPrimitive,
      inputs: [separated([7, 2]), ids],
      build: two((x, i) => scatter.segment(x, i, 3, operation)),
      rebuilds: true,
    },
    {
      label: `segment ${operation} of 127 with ids out of range`,
      primitive: scatter.segmentPrimitive,
      inputs: [uniform([127, 9], 0.9, 1.1), integers([127], -1, 21)],
      build: two((x, i) => scatter.segment(x, i, 20, operation)),
      rebuilds: true,
      ...sized,
    },
  ]),
  {
    label: "segmentReduce",
    primitive: segmentReducePrimitive,
    inputs: [uniform([2, 33, 3]), integers([2, 33], -1, 12)],
    build: two((x, i) => segmentReduce(x, i, 11, "sum", "drop")),
    noGradient: "a step of the decomposition of scatters",
  },
  {
    label: "scatterAdd of dropped updates",
    primitive: indexing.scatterAddPrimitive,
    inputs: [uniform([7, 2]), outside],
    build: two((x, i) => indexing.scatterAdd(x, i, 0, 3, { outOfRange: "drop" })),
  },
  {
    label: "scatterAdd by sorting",
    primitive: indexing.scatterAddPrimitive,
    inputs: [uniform([2, 65, 5]), integers([65], -3, 127)],
    build: two((x, i) => indexing.scatterAdd(x, i, 1, 127)),
    ...sized,
  },
  {
    label: "scatterAdd into a small table",
    primitive: indexing.scatterAddPrimitive,
    inputs: [uniform([65, 33]), integers([65], 0, 31)],
    build: two((x, i) => indexing.scatterAdd(x, i, 0, 31, { gradient: true })),
    ...sized,
  },
  {
    label: "scatterAddAlongAxis by sorting",
    primitive: indexing.scatterAddAlongAxisPrimitive,
    inputs: [uniform([3, 129]), integers([3, 129], 0, 200)],
    build: two((x, i) => indexing.scatterAddAlongAxis(x, i, 1, 200)),
    ...sized,
  },
  {
    label: "lastAt",
    primitive: null,
    inputs: [outside],
    build: one((i) => scatter.lastAt(i, 5)),
    ...integerResult,
  },
  {
    label: "lastAt by sorting",
    primitive: null,
    inputs: [integers([129], -1, 200)],
    build: one((i) => scatter.lastAt(i, 199)),
    ...integerResult,
  },
];

export const ordering: readonly Sample[] = [...orders, ...sorts, ...searches, ...running, ...segments];

/** @file Convolutions and pooling of ragged geometries on the CPU against the direct loops of the references, and their errors. */
import { beforeAll, describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import { ShapeError, ValueError } from "../src/graph/errors.ts";
import type { Node, RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import * as ops from "../src/ops/index.ts";
import { conv, convPositions, type Geometry } from "../src/primitives/conv.ts";
import { hostNode, typed } from "../src/runtime/host.ts";
import { readNodes } from "../src/runtime/read.ts";
import { init } from "../src/runtime/runtime.ts";
import { generator, uniform } from "./samplesInputs.ts";

beforeAll(() => init({ backend: "cpu" }));

interface Case {
  readonly geometry: Geometry;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
}

/** A geometry drawn at random: extents up to 9, sizes up to 4, strides and dilations up to 3, borders before and after. */
function drawn(seed: number): Case {
  const next = generator(seed);
  const upTo = (most: number, least = 1) => least + Math.floor(next() * (most - least + 1));
  const rank = upTo(3);
  const axes = Array.from({ length: rank }, () => {
    const [size, stride, dilation] = [upTo(rank === 3 ? 3 : 4), upTo(3), upTo(3)];
    const span = (size - 1) * dilation + 1;
    const [low, high] = [upTo(span - 1, 0), upTo(span, 0)];
    const extent = Math.max(upTo(rank === 3 ? 5 : 9), span - low - high);
    return { extent, size, stride, dilation, low, high };
  });
  const groups = next() < 0.4 ? upTo(3, 2) : 1;
  const geometry = {
    extents: axes.map((axis) => axis.extent),
    sizes: axes.map((axis) => axis.size),
    strides: axes.map((axis) => axis.stride),
    dilations: axes.map((axis) => axis.dilation),
    low: axes.map((axis) => axis.low),
    high: axes.map((axis) => axis.high),
    groups,
  };
  return { geometry, batch: upTo(2), channels: groups * upTo(5), filters: groups * upTo(5) };
}

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** Value, both gradients, and the gradient of the input's gradient to the filter, of the device and of the references. */
async function checkCase({ geometry, batch, channels, filters }: Case): Promise<void> {
  const resident = (value: RefArray) => hostNode(typed(value.dtype, value.data), value.shape, value.dtype);
  const values = [
    uniform([batch, ...geometry.extents, channels], -1, 1, 1),
    uniform([...geometry.sizes, channels / geometry.groups, filters], -1, 1, 2),
    uniform([batch, ...convPositions(geometry), filters], -1, 1, 3),
    uniform([batch, ...geometry.extents, channels], -1, 1, 4),
  ];
  const [x, w, g, h] = values.map(resident) as [Node, Node, Node, Node];
  const given = new Map<Node, RefArray>([x, w, g, h].map((node, i) => [node, values[i] as RefArray]));
  const y = conv(x, w, geometry);
  const first = vjp([y], [g], [x, w], everything) as Node[];
  const second = vjp([first[0] as Node], [h], [w, g], everything) as Node[];
  const roots = [y, ...first, ...second];
  const expected = interpret(roots, (node) => given.get(node) ?? null, { compositeReference: true });
  for (const root of roots) root.handles = 1;
  const found = await readNodes(roots);
  for (const [i, { data }] of expected.entries()) {
    const own = found[i] as ArrayLike<number>;
    expect(own.length).toBe(data.length);
    const worst = data.reduce((most, value, j) => Math.max(most, Math.abs(value - (own[j] as number))), 0);
    expect(worst).toBeLessThan(2e-5);
  }
}

describe("convolutions of ragged geometries", () => {
  test.each(Array.from({ length: 80 }, (_, seed) => seed))("geometry %i", (seed) => checkCase(drawn(seed)));
});

describe("errors", () => {
  const image = ops.ones([1, 5, 5, 4]);
  const kernel = (...shape: number[]) => ops.ones(shape);

  test("shapes", () => {
    expect(() => ops.conv(image, kernel(3, 3, 3, 8))).toThrow(/conv: channels do not fit/);
    expect(() => ops.conv(image, kernel(3, 3, 2, 3))).toThrow(ShapeError);
    expect(() => ops.conv(image, kernel(3, 4, 8))).toThrow(/a kernel of 4 axes/);
    expect(() => ops.conv(ops.ones([5, 5]), kernel(3, 4, 8))).toThrow(/no batch of lines/);
    expect(() => ops.conv(image, kernel(6, 1, 4, 2))).toThrow(/larger than the input/);
    expect(() => ops.conv(image, kernel(3, 3, 4, 2), { dilationRate: 3 })).toThrow(/spanning \[7,7\]/);
    expect(() => ops.depthwiseConv(image, kernel(3, 3, 3, 1))).toThrow(/4 axes|3 channels/);
    expect(() => ops.separableConv(image, kernel(3, 3, 4, 2), kernel(1, 1, 4, 3))).toThrow(/pointwise/);
    expect(() => ops.convTranspose(image, kernel(3, 3, 4, 2))).toThrow(/convTranspose: channels/);
    expect(() => ops.maxPool(image, 6)).toThrow(/maxPool: the window is larger/);
  });

  test("arguments", () => {
    expect(() => ops.conv(image, kernel(1, 1, 4, 2), { strides: 0 })).toThrow(ValueError);
    expect(() => ops.conv(image, kernel(1, 1, 4, 2), { strides: [1, 2, 3] })).toThrow(/strides does not fit/);
    expect(() => ops.conv(image, kernel(1, 1, 4, 2), { padding: "causal" })).toThrow(/unknown padding/);
    expect(() => ops.conv(image, kernel(1, 1, 4, 2), { dataFormat: "nchw" as never })).toThrow(ValueError);
    expect(() => ops.averagePool(image, 1.5)).toThrow(/poolSize/);
    expect(() => ops.adaptiveMaxPool(image, 0)).toThrow(/outputSize/);
    expect(() => ops.convTranspose(image, kernel(1, 1, 2, 4), { outputPadding: -1 })).toThrow(ValueError);
  });
});

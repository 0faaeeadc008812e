/** @file Orders and segments compiled for GPUs of both kinds and without templates: all plans, run on any device, agree. */
import { type Device, openDevice, type Target } from "@tenrec/kernels";
import { beforeAll, describe, expect, test } from "vitest";
import type { CompileOptions } from "../src/compile/compile.ts";
import { bytesOf, type Node } from "../src/graph/node.ts";
import { cumulative } from "../src/primitives/cumulative.ts";
import { scatterAdd, scatterAddAlongAxis } from "../src/primitives/indexing.ts";
import { broadcastTo, reshape } from "../src/primitives/movement.ts";
import { blockOrder, inverseOrder, rowOrder } from "../src/primitives/order.ts";
import { segment } from "../src/primitives/scatter.ts";
import { topK } from "../src/primitives/sorting.ts";
import { compileGraph, gpuLike, input } from "./planHarness.ts";
import { generator } from "./samplesInputs.ts";

/** Rows of the tables that updates go to: too many to compare every index with every row. */
const table = 150;
const smallTable = 40;

/** [length, columns] of the first row of x. */
const inColumns = (x: Node, columns: number): Node => {
  const [, length] = x.shape as unknown as [number, number];
  return broadcastTo(reshape(x, [length, 2]), [columns, length, 2]);
};

/** What is compiled: over x [2, length] with many equal elements, and int32 ids [length] of up to 1.3 times `table`. */
const graphs: Readonly<Record<string, (x: Node, ids: Node) => Node>> = {
  order: (x) => rowOrder(x),
  "blocks of 256": (x) => blockOrder(x, 256),
  inverse: (x) => inverseOrder(rowOrder(x, { descending: true })),
  "largest positions": (x) => topK(x, Math.min(7, x.shape[1] as number)).indices,
  "running sums": (x) => cumulative(x, 1, "sum"),
  "running maxima from behind": (x) => cumulative(x, 1, "max", { reverse: true, exclusive: true }),
  "sums by index": (x, ids) => scatterAdd(x, ids, 1, table),
  "sums of four columns": (x, ids) => scatterAdd(inColumns(x, 2), ids, 1, table),
  "gradient of a small table": (x, ids) =>
    scatterAdd(inColumns(x, 2), ids, 1, smallTable, { gradient: true }),
  "sums along rows": (x) => scatterAddAlongAxis(x, rowOrder(x), 1, x.shape[1] as number),
  "maxima by index": (x, ids) => segment(reshape(x, [x.shape[1] as number, 2]), ids, table, "max"),
};

const hardware = gpuLike({ software: false, narrowRow: 32 });

/** Multiples of 1/4 with many equals; ids gather at the front. */
function dataOf(length: number): [Float32Array, Int32Array] {
  const next = generator(length);
  const x = Float32Array.from({ length: 2 * length }, () => Math.floor(next() * length) / 4);
  return [x, Int32Array.from({ length }, () => Math.floor(next() ** 2 * table * 1.3))];
}

async function run(
  device: Device,
  target: Target,
  options: CompileOptions,
  length: number,
  build: (x: Node, ids: Node) => Node,
): Promise<Float32Array | Int32Array> {
  const leaves = [input([2, length]), input([length], "int32")] as const;
  const root = build(...leaves);
  const { plan } = compileGraph(leaves, [root], target, options);
  const externals = dataOf(length).map((data) => {
    const buffer = device.alloc(data.byteLength, "external");
    device.write(buffer, 0, data);
    return buffer;
  });
  const result = device.alloc(bytesOf(root), "result");
  const program = device.build(plan);
  await program.ready;
  device.run(program, externals, [result], new Uint32Array(0));
  const bytes = await device.read(result, 0, bytesOf(root));
  program.dispose();
  for (const buffer of [...externals, result]) device.free(buffer);
  return root.dtype === "int32" ? new Int32Array(bytes) : new Float32Array(bytes);
}

/** Runs every graph on `backend` as it is compiled for `target`, against the cpu's own plan. */
function compare(
  backend: "cpu" | "webgpu",
  label: string,
  target: Target,
  lengths: readonly number[],
  options: CompileOptions = {},
): void {
  const cases = Object.entries(graphs).flatMap(([name, build]) =>
    lengths.map((length) => [name, length, build] as const),
  );
  let opened: Promise<Device[]>;
  beforeAll(() => {
    opened = Promise.all(
      (["cpu", backend] as const).map(async (name) => (await openDevice({ backend: name })).device),
    );
  });
  test.each(cases)(`%s of %i, ${label}`, async (_, length, build) => {
    const [cpu, device] = (await opened) as [Device, Device];
    const expected = await run(cpu, cpu.target, {}, length, build);
    const found = await run(device, target, options, length, build);
    expect(await run(device, target, options, length, build)).toEqual(found);
    if (expected instanceof Int32Array) expect(found).toEqual(expected);
    const scale = [...expected].reduce(
      (top, value) => Math.max(top, Number.isFinite(value) ? Math.abs(value) : 0),
      1,
    );
    const isClose = (value: number, i: number) => {
      const other = found[i] as number;
      return Object.is(other, value) || Math.abs(other - value) <= 1e-5 * scale;
    };
    expect(expected.every(isClose)).toBe(true);
  });
}

export function orderingTargets(backend: "cpu" | "webgpu"): void {
  describe(`on ${backend}`, () => {
    compare(backend, "for a GPU", hardware, backend === "cpu" ? [3, 65, 1000, 5000] : [65, 5000]);
    if (backend === "webgpu") return;
    compare(backend, "for a CPU renderer", gpuLike(), [3, 65, 1000, 5000]);
    compare(backend, "without templates", gpuLike(), [3, 127], { templates: false });
  });
}

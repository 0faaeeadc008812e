/** Packed panels, and tiles of products over them, against plain loops. */
import { expect, test } from "vitest";
import type { Local } from "../src/cpu/wasm/assembler.ts";
import { microKernel, panelTile, tallTileRows, tileColumns, tileRows } from "../src/cpu/wasm/microKernel.ts";
import { ModuleBuilder } from "../src/cpu/wasm/moduleBuilder.ts";
import { packer } from "../src/cpu/wasm/pack.ts";

/** Words of the memory in which all areas lie. */
const [area, words] = [1 << 12, 1 << 15];

/** Runs the helper that `index` gives on numbers counted up, with addresses of areas by their number. */
function run(
  index: (module: ModuleBuilder) => number,
  params: readonly (number | { area: number })[],
): Float32Array {
  const module = new ModuleBuilder();
  const helper = index(module);
  const types = params.map(() => "i32" as const);
  module.define({ params: types, results: [] }, "run", (f) => {
    for (const param of f.params as Local[]) param.get(f);
    f.call(helper);
  });
  const memory = new WebAssembly.Memory({ initial: (words * 4) / 65536 });
  const data = new Float32Array(memory.buffer);
  data.set(Array.from({ length: words / 2 }, (_, i) => (i % 1013) / 64));
  const compiled = new WebAssembly.Module(module.finish(null));
  const { exports } = new WebAssembly.Instance(compiled, { math: {}, env: { memory } });
  const numbers = params.map((param) => (typeof param === "number" ? param : param.area * area * 4));
  (exports.run as (...values: number[]) => void)(...numbers);
  return data;
}

test.each([
  [4, 1, 50],
  [6, 1, 50],
  [8, 1, 50],
  [4, 50, 1],
  [6, 50, 1],
  [8, 50, 1],
  [6, 50, 3],
])("panels of %i lines with strides %i and %i", (width, lineStride, depthStride) => {
  const depth = 11;
  const data = run(
    (module) => packer(module, width, lineStride, depthStride),
    [{ area: 0 }, { area: 5 }, width, depth],
  );
  const expected = Array.from({ length: depth * width }, (_, i) => {
    const [k, line] = [Math.floor(i / width), i % width];
    return data[line * lineStride + k * depthStride];
  });
  expect([...data.subarray(5 * area, 5 * area + depth * width)]).toEqual(expected);
  // What lies behind a panel is the next one.
  expect(data[5 * area + depth * width]).toBe(0);
});

test.each([
  panelTile(tileRows),
  panelTile(tallTileRows),
  { rows: 5, lineStride: 40, depthStride: 1, pitch: 21 },
])("tiles of $rows rows, alone and added to what there is", (tile) => {
  const { rows, lineStride, depthStride, pitch } = tile;
  const [depth, rowWords] = [7, 12];
  for (const isFirst of [1, 0]) {
    const data = run(
      (module) => microKernel(module, tile),
      [{ area: 0 }, { area: 1 }, depth, { area: 2 }, rowWords * 4, isFirst],
    );
    const before = (place: number) => ((2 * area + place) % 1013) / 64;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < tileColumns; column++) {
        let sum = isFirst ? 0 : before(row * rowWords + column);
        for (let k = 0; k < depth; k++)
          sum += data[row * lineStride + k * depthStride]! * data[area + k * pitch + column]!;
        expect(data[2 * area + row * rowWords + column]).toBeCloseTo(sum, 3);
      }
    expect(data[2 * area + rows * rowWords]).toBe(before(rows * rowWords));
  }
});

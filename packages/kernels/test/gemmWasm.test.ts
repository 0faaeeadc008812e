/** Random products in WebAssembly against float64 sums, between guards: nothing may be written beside what is a kernel's own. */
import { expect, inject, test } from "vitest";
import { openCpu } from "../src/cpu/device.ts";
import type { Device, DeviceBuffer } from "../src/ir/device.ts";
import type { GemmKernel } from "../src/ir/kernel.ts";
import { operand, plainGemm } from "./cpuGemmKernels.ts";
import { planOf, random, type Words, words } from "./cpuReference.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Random scripts of the fuzz; a twentieth as many products. */
    fuzzScripts: number;
  }
}

/** Sizes around the edges of tiles, vectors and blocks. */
const rows = [1, 2, 3, 4, 5, 7, 8, 12, 31, 96, 97, 130];
const columns = [1, 3, 4, 5, 8, 10, 12, 31, 64, 129];
const depths = [1, 2, 3, 4, 9, 31, 255, 256, 257, 700];
/** Few outputs: sums over many blocks. */
const long = { rows: [1, 2, 3, 5, 12], columns: [5, 12, 31], depths: [5001, 100_000] } as const;

const guardBytes = 4096;
const pattern = new Uint8Array(guardBytes).fill(0xa5);

class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(count: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return ((this.#state >>> 8) % 65536) % count;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** An operand of two axes: stored one way or the other, each axis forwards or backwards, loaded or computed. */
interface Side {
  readonly name: string;
  readonly first: number;
  readonly strides: readonly [number, number];
  /** What it is multiplied by as it is computed; 1: it lies in memory as it is. */
  readonly factor: number;
}

interface Product {
  readonly name: string;
  readonly kernel: GemmKernel;
  readonly shape: readonly [batch: number, m: number, n: number, k: number];
  readonly a: Side;
  readonly b: Side;
}

function drawSide(dice: Dice, name: string, [rows, columns]: readonly [number, number]): Side {
  const isTurned = dice.below(2) === 1;
  const isComputed = dice.below(2) === 1;
  const directions = [dice.below(4) === 0, dice.below(4) === 0];
  const strides = (isTurned ? [1, rows] : [columns, 1]).map((stride, axis) =>
    directions[axis] ? -stride : stride,
  ) as [number, number];
  const first = [rows, columns].reduce(
    (sum, extent, axis) => sum - Math.min(0, strides[axis]! * (extent - 1)),
    0,
  );
  const words = [
    isTurned && "turned",
    directions[0] && "upwards",
    directions[1] && "backwards",
    isComputed && "computed",
  ];
  return {
    name: [name, ...words.filter(Boolean)].join(" "),
    first,
    strides,
    factor: isComputed ? 0.5 : 1,
  };
}

function draw(seed: number): Product {
  const dice = new Dice(seed);
  const sizes = dice.below(4) === 0 ? long : { rows, columns, depths };
  const [m, n, k] = [dice.pick(sizes.rows), dice.pick(sizes.columns), dice.pick(sizes.depths)];
  const batch = sizes === long ? 1 : dice.pick([1, 1, 2, 3]);
  const [a, b] = [drawSide(dice, "A", [m, k]), drawSide(dice, "B", [k, n])];
  const { columnSum, ...rest } = plainGemm(false);
  const axes = {
    a: [
      [0, 4],
      [1, 5],
      [3, 6],
    ],
    b: [
      [0, 7],
      [3, 8],
      [2, 9],
    ],
  } as const;
  const kernel: GemmKernel = {
    ...rest,
    a: operand(0, axes.a, a.factor !== 1, 13),
    b: operand(1, axes.b, b.factor !== 1, 14),
    ...(dice.below(2) === 1 && columnSum ? { columnSum } : {}),
  };
  const name = `seed ${seed}: ${[batch, m, n, k].join(" x ")}, ${a.name}, ${b.name}${kernel.columnSum ? ", sums" : ""}`;
  return { name, kernel, shape: [batch, m, n, k], a, b };
}

function guard(device: Device): DeviceBuffer {
  const buffer = device.alloc(guardBytes, "guard");
  device.write(buffer, 0, pattern);
  return buffer;
}

/** What the arrays hold after a run between guards, which are looked at. */
async function runBetweenGuards(
  device: Device,
  { name, kernel }: Product,
  params: Uint32Array,
  arrays: readonly Words[],
) {
  const guards = [guard(device)];
  const program = device.build(planOf(kernel, params, arrays));
  guards.push(guard(device));
  const buffers = arrays.map((array) => {
    const buffer = device.alloc(array.byteLength, "operand");
    guards.push(guard(device));
    device.write(buffer, 0, array);
    return buffer;
  });
  device.run(program, buffers, [], new Uint32Array(0));
  const results = await Promise.all(
    buffers.map((buffer, i) => device.read(buffer, 0, arrays[i]!.byteLength)),
  );
  for (const [i, buffer] of guards.entries()) {
    const found = new Uint8Array(await device.read(buffer, 0, guardBytes));
    expect(
      found.findIndex((byte) => byte !== 0xa5),
      `${name}: guard ${i}`,
    ).toBe(-1);
    device.free(buffer);
  }
  for (const buffer of buffers) device.free(buffer);
  program.dispose();
  return results.map((bytes) => new Float32Array(bytes));
}

async function check(device: Device, product: Product): Promise<void> {
  const { name, kernel, shape, a, b } = product;
  const [batch, m, n, k] = shape;
  const [x, y, bias] = [random(batch * m * k, 1), random(batch * k * n, 2), random(n, 3)];
  const strides = [m * k, ...a.strides, k * n, ...b.strides, m * n, n, 1];
  const params = words(kernel, ...shape, ...strides, a.first, b.first);
  const outputs = [new Float32Array(batch * m * n), new Float32Array(batch * n)] as const;
  const [, , , c, sums] = await runBetweenGuards(device, product, params, [x, y, bias, ...outputs]);
  const at = (array: Float32Array, { first, strides, factor }: Side, start: number, i: number, j: number) =>
    factor * array[start + first + i * strides[0] + j * strides[1]]!;
  for (let i = 0; i < batch; i++)
    for (let column = 0; column < n; column++) {
      const numbers = Array.from({ length: k }, (_, p) => at(y, b, i * k * n, p, column));
      const wanted = kernel.columnSum ? numbers.reduce((sum, number) => sum + number, 0) : 0;
      expect(Math.abs(sums![i * n + column]! - wanted), `${name}: sum ${column}`).toBeLessThan(
        1e-6 * (k + 1),
      );
      for (let row = 0; row < m; row++) {
        let [sum, size] = [bias[column]!, 1];
        numbers.forEach((number, p) => {
          const term = at(x, a, i * m * k, row, p) * number;
          sum += term;
          size += Math.abs(term);
        });
        const error = Math.abs(c![(i * m + row) * n + column]! - Math.max(0, sum));
        if (!(error < 1e-6 * size))
          expect(error, `${name}: row ${row}, column ${column}`).toBeLessThan(1e-6 * size);
      }
    }
}

test.each(["strict", "relaxed"] as const)(
  "%s",
  async (webAssembly) => {
    const device = openCpu({ webAssembly });
    const count = Math.ceil(inject("fuzzScripts") / 20);
    for (let seed = 1; seed <= count; seed++) await check(device, draw(seed));
    device.dispose();
  },
  120_000,
);

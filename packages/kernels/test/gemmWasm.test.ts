/** Random products in WebAssembly against float64 sums, between guards: nothing may be written beside what is a kernel's own. */
import { expect, inject, test } from "vitest";
import { openCpu } from "../src/cpu/device.ts";
import type { Device, DeviceBuffer } from "../src/ir/device.ts";
import type { GemmKernel } from "../src/ir/kernel.ts";
import { plainGemm } from "./cpuGemmKernels.ts";
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

interface Product {
  readonly name: string;
  readonly kernel: GemmKernel;
  readonly shape: readonly [batch: number, m: number, n: number, k: number];
  /** Strides of A [m, k] and B [k, n]. */
  readonly a: readonly [number, number];
  readonly b: readonly [number, number];
  /** What computed operands are multiplied by. */
  readonly factors: readonly [number, number];
}

function draw(seed: number): Product {
  const dice = new Dice(seed);
  const sizes = dice.below(4) === 0 ? long : { rows, columns, depths };
  const [m, n, k] = [dice.pick(sizes.rows), dice.pick(sizes.columns), dice.pick(sizes.depths)];
  const batch = sizes === long ? 1 : dice.pick([1, 1, 2, 3]);
  const [isTurnedA, isTurnedB, isComputedA, isComputedB] = Array.from(
    { length: 4 },
    () => dice.below(2) === 1,
  );
  const { columnSum, ...rest } = plainGemm(false);
  const computed = plainGemm(true);
  const kernel: GemmKernel = {
    ...rest,
    a: isComputedA ? computed.a : rest.a,
    b: isComputedB ? computed.b : rest.b,
    ...(dice.below(2) === 1 && columnSum ? { columnSum } : {}),
  };
  const forms = [
    isTurnedA && "turned A",
    isTurnedB && "turned B",
    isComputedA && "computed A",
    isComputedB && "computed B",
  ];
  return {
    name: `seed ${seed}: ${[batch, m, n, k].join(" x ")} ${forms.filter(Boolean).join(", ")}${kernel.columnSum ? " with sums" : ""}`,
    kernel,
    shape: [batch, m, n, k],
    a: isTurnedA ? [1, m] : [k, 1],
    b: isTurnedB ? [1, k] : [n, 1],
    factors: [isComputedA ? 0.5 : 1, isComputedB ? 0.5 : 1],
  };
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
  const {
    name,
    kernel,
    shape,
    a: [am, ak],
    b: [bk, bn],
    factors,
  } = product;
  const [batch, m, n, k] = shape;
  const [a, b, bias] = [random(batch * m * k, 1), random(batch * k * n, 2), random(n, 3)];
  const params = words(kernel, batch, m, n, k, m * k, am, ak, k * n, bk, bn, m * n, n, 1);
  const outputs = [new Float32Array(batch * m * n), new Float32Array(batch * n)] as const;
  const [, , , c, sums] = await runBetweenGuards(device, product, params, [a, b, bias, ...outputs]);
  for (let i = 0; i < batch; i++)
    for (let column = 0; column < n; column++) {
      const numbers = Array.from({ length: k }, (_, p) => factors[1] * b[i * k * n + p * bk + column * bn]!);
      const total = numbers.reduce((sum, x) => sum + x, 0);
      const wanted = kernel.columnSum ? total : 0;
      expect(Math.abs(sums![i * n + column]! - wanted), `${name}: sum ${column}`).toBeLessThan(
        1e-6 * (k + 1),
      );
      for (let row = 0; row < m; row++) {
        let sum = bias[column]!;
        let size = 1;
        for (let p = 0; p < k; p++) {
          const term = factors[0] * a[i * m * k + row * am + p * ak]! * numbers[p]!;
          sum += term;
          size += Math.abs(term);
        }
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

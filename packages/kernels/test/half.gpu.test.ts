/** float16 bindings on WebGPU without shader-f16: every value there is, read and written by vectors and one by one. */
import { expect, test } from "vitest";
import { gpuDevice } from "./gpuDevice.ts";
import { copyKernel, everyHalf, packHalves, sameHalf } from "./halfKernels.ts";
import { runKernel } from "./runKernel.ts";

const halves = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
const count = halves.length;

test.each([false, true])("every float16 comes out as it went in, reversed: %s", async (reversed) => {
  const [from, to] = [packHalves(halves), new Uint32Array(count / 2)];
  await runKernel(
    await gpuDevice(),
    copyKernel("float16", "float16", reversed),
    [from, to],
    [count, count - 1],
  );
  const found = new Uint16Array(to.buffer);
  const wrong = halves.filter((half, i) => !sameHalf(found[reversed ? count - 1 - i : i] as number, half));
  expect([...wrong]).toEqual([]);
});

test.each([false, true])("float32 is stored as the nearest float16, reversed: %s", async (reversed) => {
  // Halfway between neighbours, and a little above and below: ties go to even.
  const values = everyHalf();
  const near = values.map((value, i) => {
    const next = values[i + 1] as number;
    const isInner = (i & 0x7fff) < 0x7bff;
    return isInner ? (value + next) / 2 + ((i % 3) - 1) * Math.abs(next - value) * 0.01 : value;
  });
  const to = new Uint32Array(count / 2);
  await runKernel(
    await gpuDevice(),
    copyKernel("float32", "float16", reversed),
    [near, to],
    [count, count - 1],
  );
  const found = new Uint16Array(to.buffer);
  const wanted = halves.map((half, i) => {
    if ((i & 0x7fff) >= 0x7bff) return half;
    const isAbove = half & 0x8000 ? i % 3 === 0 : i % 3 === 2;
    return half + (i % 3 === 1 ? half & 1 : Number(isAbove));
  });
  const wrong = wanted.filter((half, i) => !sameHalf(found[reversed ? count - 1 - i : i] as number, half));
  expect([...wrong]).toEqual([]);
});

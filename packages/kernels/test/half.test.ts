/** float16 in memory on the cpu device, and the WGSL of its bindings with and without the feature. */
import { describe, expect, test } from "vitest";
import { emitWgsl } from "../src/codegen/index.ts";
import { runOnCpu } from "./cpuReference.ts";
import { copyKernel, everyHalf, packHalves, sameHalf } from "./halfKernels.ts";

const halves = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
const count = halves.length;
const params = Uint32Array.of(count, count - 1);

describe("the cpu device", () => {
  test("widens every float16 to its value", async () => {
    const run = runOnCpu(copyKernel("float16", "float32", false), params, [
      packHalves(halves),
      new Float32Array(count),
    ]);
    expect((await run)[1]).toEqual(everyHalf());
  });

  test.each([false, true])("stores float32 as the same float16, reversed: %s", async (reversed) => {
    const kernel = copyKernel("float32", "float16", reversed);
    const [, words] = await runOnCpu(kernel, params, [everyHalf(), new Uint32Array(count / 2)]);
    const found = new Uint16Array(words.buffer);
    const wrong = halves.filter((half, i) => !sameHalf(found[reversed ? count - 1 - i : i] as number, half));
    expect([...wrong]).toEqual([]);
  });
});

describe("WGSL", () => {
  test("has arrays of f16 where the device has them", () => {
    const vectors = emitWgsl(copyKernel("float16", "float16", false), true).code;
    expect(vectors).toMatch(/^enable f16;/);
    expect(vectors).toContain("var<storage, read> b0: array<vec4<f16>>;");
    expect(vectors).toContain("vec4<f32>(b0[");
    const single = emitWgsl(copyKernel("float16", "float16", true), true).code;
    expect(single).toContain("var<storage, read_write> b1: array<f16>;");
    expect(emitWgsl(copyKernel("float32", "float32", false), true).code).not.toContain("f16;");
  });

  test("has pairs in words where it has not: atomic ones where single elements are written", () => {
    const vectors = emitWgsl(copyKernel("float16", "float16", false)).code;
    expect(vectors).not.toContain("enable");
    expect(vectors).toContain("var<storage, read_write> b1: array<vec2<u32>>;");
    const single = emitWgsl(copyKernel("float16", "float16", true)).code;
    expect(single).toContain("var<storage, read> b0: array<u32>;");
    expect(single).toContain("var<storage, read_write> b1: array<atomic<u32>>;");
  });
});

/** The cpu backend's matrix products and kernels side by side against float64 loops. */
import { describe, expect, test } from "vitest";
import type { SideKernel } from "../src/ir/kernel.ts";
import { gemmKernel, plainGemm } from "./cpuGemmKernels.ts";
import { binding, Code, loopKernel, random, runOnCpu, words } from "./cpuReference.ts";

const shapes = [
  [1, 1, 1, 1],
  [1, 1, 10, 128],
  [1, 3, 5, 7],
  [2, 4, 4, 4],
  [1, 33, 10, 65],
  [3, 31, 17, 9],
  [1, 128, 128, 100],
  [1, 700, 10, 3],
  [2, 5, 300, 2],
  [1, 9, 12, 700],
] as const;

describe.each(shapes)("[%i batches, m %i, n %i, k %i]", (batch, m, n, k) => {
  test.each([
    ["nn", false, false, false],
    ["nt", false, true, false],
    ["tn", true, false, false],
    ["tt with computed operands", true, true, true],
    ["nn with computed operands", false, false, true],
  ] as const)("%s", async (_name, transposeA, transposeB, scaled) => {
    const [a, b, bias] = [random(batch * m * k, 1), random(batch * k * n, 2), random(n, 3)];
    const [am, ak] = transposeA ? [1, m] : [k, 1];
    const [bk, bn] = transposeB ? [1, k] : [n, 1];
    const kernel = plainGemm(scaled);
    const params = words(kernel, batch, m, n, k, m * k, am, ak, k * n, bk, bn, m * n, n, 1);
    const outputs = [new Float32Array(batch * m * n), new Float32Array(batch * n)] as const;
    const [, , , c, sums] = await runOnCpu(kernel, params, [a, b, bias, ...outputs]);
    // Without sums of columns, B need not be packed.
    const { columnSum: _, ...lean } = kernel;
    expect((await runOnCpu(lean, params, [a, b, bias, ...outputs]))[3]).toEqual(c);
    const factor = scaled ? 0.25 : 1;
    for (let i = 0; i < batch; i++)
      for (let col = 0; col < n; col++) {
        let total = 0;
        for (let p = 0; p < k; p++) total += b[i * k * n + p * bk + col * bn]! * (scaled ? 0.5 : 1);
        expect(sums[i * n + col]).toBeCloseTo(total, 4);
        for (let row = 0; row < m; row++) {
          let sum = 0;
          for (let p = 0; p < k; p++)
            sum += a[i * m * k + row * am + p * ak]! * b[i * k * n + p * bk + col * bn]!;
          const expected = Math.max(0, sum * factor + bias[col]!);
          if (Math.abs(c[(i * m + row) * n + col]! - expected) > 1e-5)
            expect(c[(i * m + row) * n + col]).toBe(expected);
        }
      }
  });
});

test.each([1, 2, 3])("%i computed rows of a length beyond blocks of k", async (m) => {
  const [n, k] = [12, 100_000];
  const { columnSum, ...plain } = plainGemm(false);
  const kernel = { ...plain, a: plainGemm(true).a };
  const [a, b, bias] = [random(m * k, 1), random(k * n, 2), random(n, 3)];
  const params = words(kernel, 1, m, n, k, 0, k, 1, 0, n, 1, 0, n, 1);
  const [, , , c] = await runOnCpu(kernel, params, [
    a,
    b,
    bias,
    new Float32Array(m * n),
    new Float32Array(n),
  ]);
  for (let row = 0; row < m; row++)
    for (let col = 0; col < n; col++) {
      let sum = bias[col]!;
      for (let p = 0; p < k; p++) sum += 0.5 * a[row * k + p]! * b[p * n + col]!;
      expect(c[row * n + col]).toBeCloseTo(Math.max(0, sum), 2);
    }
});

test("a product whose A is gathered with padding (a convolution)", async () => {
  const [width, filters] = [50, 3];
  const a = new Code();
  // Row m, tap k: element m + k - 1, 0 outside.
  const at = a.op("sub", "int32", a.add(a.axis(1), a.axis(3)), a.const(1));
  const inside = a.op("and", "bool", a.op("ge", "bool", at, a.const(0)), a.op("lt", "bool", at, a.param(4)));
  const value = a.op("select", "float32", inside, a.load(0, at), a.const(0, "float32"));
  const epilogue = new Code();
  epilogue.store(
    2,
    epilogue.add(epilogue.mul(epilogue.axis(1), epilogue.param(2)), epilogue.axis(2)),
    epilogue.acc(),
  );
  const b = new Code();
  const weight = b.load(1, b.add(b.mul(b.axis(3), b.param(2)), b.axis(2)));
  const kernel = gemmKernel({
    a: { code: a.code, value, transposed: false, vector: false },
    b: { code: b.code, value: weight, transposed: false, vector: false },
    bindings: [binding(), binding(), binding("float32", "read_write")],
    epilogue: epilogue.body,
  });
  const [x, w] = [random(width, 1), random(3 * filters, 2)];
  const params = words(kernel, 1, width, filters, 3, width);
  const [, , out] = await runOnCpu(kernel, params, [x, w, new Float32Array(width * filters)]);
  for (let i = 0; i < width; i++)
    for (let f = 0; f < filters; f++) {
      const expected = [0, 1, 2].reduce((sum, t) => sum + (x[i + t - 1] ?? 0) * w[t * filters + f]!, 0);
      expect(out[i * filters + f]).toBeCloseTo(expected, 5);
    }
});

test("kernels side by side run one after another with their own params and bindings", async () => {
  const part = (factor: number) => {
    const code = new Code();
    code.store(1, code.axis(0), code.mul(code.load(0, code.axis(0)), code.const(factor, "float32")));
    return loopKernel(code, {
      rows: 1,
      numParams: 1,
      bindings: [binding(), binding("float32", "read_write")],
    });
  };
  const parts = [part(2), part(3)];
  const kernel: SideKernel = {
    form: "side",
    label: "test",
    parts,
    bindings: parts.flatMap(({ bindings }) => bindings),
    bindingMap: [
      [0, 1],
      [2, 3],
    ],
    paramBase: [0, 1],
    numParams: 4,
  };
  const arrays = [random(40, 1), new Float32Array(40), random(70, 2), new Float32Array(70)] as const;
  const [x, doubled, y, tripled] = await runOnCpu(kernel, words(kernel, 40, 70), arrays);
  doubled.forEach((v, k) => expect(v).toBe(Math.fround(x[k]! * 2)));
  tripled.forEach((v, k) => expect(v).toBe(Math.fround(y[k]! * 3)));
});

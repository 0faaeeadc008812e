/** @file Threads of the cpu backend: equal bits for any number, who runs the chunks, and what happens where there are none. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { takeSharedMemory } from "../src/cpu/linearMemory.ts";
import { openThreads, type ThreadPool } from "../src/cpu/threads/pool.ts";
import type { Local } from "../src/cpu/wasm/assembler.ts";
import { ModuleBuilder } from "../src/cpu/wasm/moduleBuilder.ts";
import { openDevice } from "../src/device/open.ts";
import type { Device } from "../src/ir/device.ts";
import type { Kernel, LoopKernel } from "../src/ir/kernel.ts";
import {
  attentionCases,
  attentionData,
  attentionKernel,
  attentionReference,
  attentionTitle,
} from "./attentionKernels.ts";
import { plainGemm } from "./cpuGemmKernels.ts";
import { binding, Code, loopKernel, random, runOn, type Words, words } from "./cpuReference.ts";
import { recurrentCall, recurrentKinds } from "./recurrentKernels.ts";

const workerUrl = new URL("./threadWorker.mjs", import.meta.url);
const counts = [1, 2, 3];
let devices: Device[] = [];

beforeAll(async () => {
  const opened = await Promise.all(
    counts.map((threads) => openDevice({ backend: "cpu", threads, workerUrl })),
  );
  expect(opened.map(({ notice }) => notice)).toEqual([undefined, undefined, undefined]);
  devices = opened.map(({ device }) => device);
});

afterAll(() => {
  for (const device of devices) device.dispose();
});

/** The bits of all bindings after a run in one thread, once they are known to be those of several, run after run. */
async function sameBits(kernel: Kernel, params: Uint32Array, arrays: readonly Words[]): Promise<Words[]> {
  const run = (device: Device) => runOn(device, kernel, params, arrays);
  const expected = await run(devices[0]!);
  for (const device of devices.slice(1)) {
    for (let turn = 0; turn < 2; turn++) {
      const found = await run(device);
      found.forEach((array, i) => expect(Buffer.compare(bytes(array), bytes(expected[i]!))).toBe(0));
    }
  }
  return [...expected];
}

function bytes({ buffer, byteOffset, byteLength }: Words): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

test("devices say whether they have threads", () => {
  const features = devices.map(({ info }) => info.features.includes("threads"));
  expect(features).toEqual([false, true, true]);
});

test("what is read is no shared memory, which many functions of browsers refuse", async () => {
  const device = devices[1]!;
  const buffer = device.alloc(16, "x");
  device.write(buffer, 0, Float32Array.of(1, 2, 3, 4));
  const data = await device.read(buffer, 0, 16);
  expect(data).toBeInstanceOf(ArrayBuffer);
  expect([...new Float32Array(data)]).toEqual([1, 2, 3, 4]);
  device.free(buffer);
});

test("memory grows under threads that know it", async () => {
  const { device } = await openDevice({ backend: "cpu", threads: 2, workerUrl });
  const length = 3_000_000;
  const code = new Code();
  code.store(1, code.axis(0), code.add(code.load(0, code.axis(0)), code.const(1, "float32")));
  const kernel = loopKernel(code, { rows: 1, bindings: [binding(), binding("float32", "read_write")] });
  for (const elements of [length / 100, length]) {
    const arrays = [random(elements), new Float32Array(elements)];
    const [x, y] = await runOn(device, kernel, words(kernel, elements), arrays);
    expect(y!.every((value, i) => value === Math.fround(x![i]! + 1))).toBe(true);
  }
  device.dispose();
});

describe("loops give the same bits in any number of threads", () => {
  /** y = tanh(x) / (x x + 1), in place of no one. */
  function chain(): LoopKernel {
    const code = new Code();
    const x = code.load(0, code.axis(0));
    const below = code.add(code.mul(x, x), code.const(1, "float32"));
    code.store(1, code.axis(0), code.op("div", "float32", code.op("tanh", "float32", x), below));
    return loopKernel(code, { rows: 1, bindings: [binding(), binding("float32", "read_write")] });
  }

  test.each([
    [16, "a length in one thread"],
    [101_770, "a length that ends between vectors"],
    [1 << 18, "a power of two"],
  ])("%i elements, %s", async (length) => {
    const [, y] = await sameBits(chain(), words(chain(), length), [random(length), new Float32Array(length)]);
    expect(y!.some((value) => value !== 0)).toBe(true);
    expect(y!.at(-1)).not.toBe(0);
  });

  test("softmax of rows", async () => {
    const [rows, columns] = [301, 217];
    const code = new Code();
    const at = code.index([0, 1], [1, 2]);
    const x = code.load(0, at);
    const exp = code.op("exp", "float32", code.op("sub", "float32", x, code.stage(0)));
    code.store(1, at, code.op("div", "float32", exp, code.stage(1)));
    const kernel = loopKernel(code, {
      rows: 1,
      cols: 1,
      bindings: [binding(), binding("float32", "read_write")],
      stages: [
        { op: "max", value: x, dtype: "float32" },
        { op: "sum", value: exp, dtype: "float32" },
      ],
    });
    // Axis 1's extent and its stride are words 1 and 2, the stride of axis 0 is axis 1's extent.
    const params = words(kernel, rows, columns, 1);
    await sameBits(kernel, params, [random(rows * columns), new Float32Array(rows * columns)]);
  });

  test("sums over rows, whose lanes are shared out", async () => {
    const [rows, columns] = [3000, 130];
    const code = new Code();
    const x = code.load(0, code.index([1, 2], [0, 3]));
    code.store(1, code.axis(0), code.stage(0), "row");
    const kernel = loopKernel(code, {
      rows: 1,
      cols: 1,
      bindings: [binding(), binding("float32", "read_write")],
      stages: [{ op: "sum", value: code.mul(x, x), dtype: "float32" }],
    });
    const params = words(kernel, columns, rows, columns, 1);
    const [, sums] = await sameBits(kernel, params, [random(rows * columns), new Float32Array(columns)]);
    expect(Math.min(...(sums as Float32Array))).toBeGreaterThan(800);
  });

  test.each([130, 64, 20])("sums over rows that are halved in place, %i lanes", async (columns) => {
    const rows = 9000;
    const code = new Code();
    const at = code.index([1, 2], [0, 3]);
    const half = code.mul(code.load(0, at), code.const(0.5, "float32"));
    code.store(0, at, half);
    code.store(1, code.axis(0), code.stage(0), "row");
    const out = binding("float32", "read_write");
    const stages = [{ op: "sum", value: half, dtype: "float32" }] as const;
    const kernel = loopKernel(code, { rows: 1, cols: 1, bindings: [out, out], stages });
    const params = words(kernel, columns, rows, columns, 1);
    const numbers = random(rows * columns);
    const [halves] = await sameBits(kernel, params, [numbers, new Float32Array(columns)]);
    expect(halves).toEqual(numbers.map((number) => number / 2));
  });

  test("flags that all elements set", async () => {
    const length = 200_000;
    const code = new Code();
    const x = code.load(0, code.axis(0));
    const isLarge = code.op("gt", "bool", x, code.const(0.9999, "float32"));
    code.store(1, code.const(0), isLarge, "full", "or");
    code.store(2, code.axis(0), code.op("exp", "float32", x));
    const flags: LoopKernel["bindings"][number] = { dtype: "bool", access: "atomic", vector: false };
    const kernel = loopKernel(code, {
      rows: 1,
      bindings: [binding(), flags, binding("float32", "read_write")],
    });
    const arrays = [random(length), new Uint32Array(4), new Float32Array(length)];
    expect((await sameBits(kernel, words(kernel, length), arrays))[1]![0]).toBe(1);
  });
});

describe("products give the same bits in any number of threads", () => {
  test.each([
    ["rows", 1, 131, 70, 300],
    ["rows of several blocks", 1, 1000, 40, 90],
    ["few rows", 1, 9, 32, 3000],
    ["a single row", 1, 1, 600, 700],
    ["a long k with a kept C", 1, 22, 60, 18_000],
    ["long ks with a kept C each", 2, 14, 60, 18_000],
    ["batches that are shared one by one", 2, 170, 160, 300],
    ["batches", 5, 33, 40, 50],
    ["many batches", 300, 8, 16, 16],
  ] as const)("%s", async (_name, batch, m, n, k) => {
    for (const transposed of [false, true]) {
      for (const computed of [false, true]) {
        const kernel = plainGemm(computed);
        const [am, ak, bk, bn] = transposed ? [1, m, 1, k] : [k, 1, n, 1];
        const params = words(kernel, batch, m, n, k, m * k, am, ak, k * n, bk, bn, m * n, n, 1);
        const inputs = [random(batch * m * k, 1), random(batch * k * n, 2), random(n, 3)];
        const outputs = [new Float32Array(batch * m * n), new Float32Array(batch * n)];
        const [, , , c, sums] = await sameBits(kernel, params, [...inputs, ...outputs]);
        expect(c!.at(-1)).not.toBeNaN();
        expect(sums!.at(-1)).not.toBe(0);
        // Without sums of columns, B need not be packed.
        const { columnSum: _, ...lean } = kernel;
        expect((await sameBits(lean, params, [...inputs, ...outputs]))[3]).toEqual(c);
      }
    }
  });
});

describe("recurrent layers give the same bits in any number of threads", () => {
  const cpu = { name: "cpu", software: true, workgroupBytes: 16384, maxWorkgroupSize: 256 } as const;
  const sequences = Object.entries(recurrentKinds).filter(([, { step }]) => !step);

  test.each(sequences)("%s", async (_name, kind) => {
    // Blocks of rows, the last of which has a rest; units that are no whole vectors; one block alone.
    for (const [batch, steps, units] of [
      [37, 9, 64],
      [66, 13, 43],
      [8, 30, 48],
    ] as const) {
      const { kernel, words: own, data } = recurrentCall(kind, { batch, steps, units }, cpu)!;
      const found = await sameBits(kernel, words(kernel, ...own), data);
      for (const output of found.slice(kernel.inputs.length)) expect(output.at(-1)).not.toBeNaN();
    }
  });
});

describe.each(["forward", "gradient"] as const)(
  "%s of attention gives the same bits in any number of threads",
  (kind) => {
    test.each(attentionCases.map((spec) => [attentionTitle(spec), spec] as const))("%s", async (_, spec) => {
      const { kernel, launch } = attentionKernel(kind, spec);
      const { data, sizes, first } = attentionData(kind, spec, attentionReference(spec));
      const found = await sameBits(kernel, words(kernel, ...launch.params, ...sizes), data);
      for (const output of found.slice(first)) expect(output.some((value) => value !== 0)).toBe(true);
    });
  },
);

describe("a pool of threads", () => {
  let threads: ThreadPool;
  let words: Int32Array;
  let program = 0;

  afterAll(() => threads.dispose());

  /** A program that writes, at each of its units, one more than the number of the thread. */
  beforeAll(async () => {
    const opened = await openThreads(2, workerUrl);
    if (!("threads" in opened)) throw new Error(opened.reason);
    threads = opened.threads;
    words = new Int32Array(threads.memory.memory.buffer);
    const builder = new ModuleBuilder();
    builder.define({ params: ["i32", "i32", "i32", "i32"], results: [] }, "k0", (f) => {
      const [call, begin, end, thread] = f.params as [Local, Local, Local, Local];
      const unit = f.local("i32");
      f.loop(unit, begin.get, end.get, 1, () => {
        call.get(f);
        unit.get(f);
        f.i32(4);
        f.plain("i32.mul");
        f.plain("i32.add");
        thread.get(f);
        f.i32(1);
        f.plain("i32.add");
        f.memory("i32.store");
      });
    });
    program = threads.add(new WebAssembly.Module(builder.finish({ maximum: 65536 })));
  });

  /** Until a Worker has done what it is asked for. */
  function waitFor(isDone: () => boolean): void {
    const end = performance.now() + 10_000;
    while (!isDone()) if (performance.now() > end) throw new Error("no Worker has come.");
  }

  test("Workers take chunks, each unit runs once, and sleepers are woken", async () => {
    const own = new Set<number>();
    for (let turn = 0; turn < 20; turn++) {
      words.fill(0, 0, 1000);
      own.clear();
      const run = (_call: number, begin: number, end: number) => {
        waitFor(() => words.subarray(0, 1000).some((value) => value !== 0));
        for (let unit = begin; unit < end; unit++) own.add(unit);
      };
      threads.run({ program, number: 0, units: 1000, chunkUnits: 7, chunks: 143, run }, 0);
      words.subarray(0, 1000).forEach((value, unit) => expect(value).toBe(own.has(unit) ? 0 : 2));
      // Longer than a Worker spins.
      if (turn % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  test("a chunk that throws, here or in a Worker, ends the step with an error, and the next one runs", () => {
    const step = { program, number: 0, units: 200, chunkUnits: 1, chunks: 200 };
    const own = () => {
      throw new Error("here");
    };
    // No Worker has this program.
    expect(() => threads.run({ ...step, program: 0, run: own }, 0)).toThrow("here");
    const nap = new Int32Array(new SharedArrayBuffer(4));
    const slow = () => void Atomics.wait(nap, 0, 0, 50);
    expect(() => threads.run({ ...step, run: slow }, -64)).toThrow(
      /^internal: a thread of the cpu has failed/,
    );
    words.fill(0, 0, 200);
    const run = () => waitFor(() => words.subarray(0, 200).some((value) => value !== 0));
    threads.run({ ...step, run }, 0);
    expect(Math.max(...words.subarray(0, 200))).toBe(2);
  });

  test("programs that are dropped leave the Workers, others stay", () => {
    threads.drop(program + 1);
    words.fill(0, 0, 8);
    const run = () => waitFor(() => words.subarray(0, 8).some((value) => value !== 0));
    threads.run({ program, number: 0, units: 8, chunkUnits: 1, chunks: 8, run }, 0);
    words.fill(0, 0, 8);
    threads.drop(program);
    threads.run({ program, number: 0, units: 8, chunkUnits: 1, chunks: 8, run: () => {} }, 0);
    expect([...words.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("where there are no threads", () => {
  /** As in a page. */
  function pretendPage(isolated: boolean): void {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
    vi.stubGlobal("crossOriginIsolated", isolated);
  }

  async function openAlone(): Promise<string | undefined> {
    const { device, notice } = await openDevice({ backend: "cpu", threads: 4, workerUrl });
    vi.unstubAllGlobals();
    expect(device.info.features).not.toContain("threads");
    const code = new Code();
    code.store(0, code.axis(0), code.const(3, "float32"));
    const kernel = loopKernel(code, { rows: 1, bindings: [binding("float32", "read_write")] });
    expect(await runOn(device, kernel, words(kernel, 2), [new Float32Array(2)])).toEqual([
      Float32Array.of(3, 3),
    ]);
    device.dispose();
    return notice;
  }

  test("a page that is not isolated computes in one, with a notice", async () => {
    pretendPage(false);
    expect(await openAlone()).toMatch(
      /^tenrec: the cpu backend computes in one thread, because the page is not isolated .*Cross-Origin-Opener-Policy/,
    );
  });

  test("so does one whose Worker does not load", async () => {
    pretendPage(true);
    const stopped = vi.fn();
    class Failing {
      onerror: ((event: { message: string }) => void) | null = null;
      constructor() {
        queueMicrotask(() => this.onerror?.({ message: "blocked" }));
      }
      postMessage(): void {}
      terminate = stopped;
    }
    vi.stubGlobal("Worker", Failing);
    expect(await openAlone()).toMatch(
      /one thread, because their Worker does not start \(blocked\); workerUrl may name/,
    );
    expect(stopped).toHaveBeenCalledTimes(3);
  });

  test("a phone that refuses large shared memories gets a smaller one, or one thread", async () => {
    const { Memory } = WebAssembly;
    let largest = 8192;
    class Small extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared && descriptor.maximum! > largest) throw new RangeError("out of memory");
        super(descriptor);
      }
    }
    vi.stubGlobal("WebAssembly", Object.assign(Object.create(WebAssembly), { Memory: Small }));
    const taken: number[] = [];
    for (let memory = takeSharedMemory(); memory; memory = takeSharedMemory()) {
      taken.push(memory.maximum);
      largest = memory.maximum < 8192 ? 0 : memory.maximum === 8192 ? 4096 : largest;
    }
    expect(taken.slice(-2)).toEqual([8192, 4096]);
    expect(await openAlone()).toMatch(/one thread, because there is no memory that threads may share\.$/);
  });

  test("JavaScript has one thread", async () => {
    const { device, notice } = await openDevice({ backend: "cpu", threads: 2, webAssembly: false });
    expect(notice).toMatch(/computes in one thread, because/);
    device.dispose();
  });

  test.each([0, 17, 1.5, Number.NaN, -1])("%d threads are refused", async (threads) => {
    await expect(openDevice({ backend: "cpu", threads })).rejects.toThrow(
      /^init: threads is not a number of threads\.\n {2}Received: .*\n {2}Expected: a whole number from 1 to 16\n {2}Fix: /,
    );
  });
});

test("a process with threads ends by itself", async () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const code = `import { openDevice } from "./packages/kernels/src/index.ts";
    const { device } = await openDevice({ backend: "cpu", threads: 2, workerUrl: "${workerUrl}" });
    console.log(device.info.features.includes("threads"));`;
  const flags = ["--import", "./tools/ts.mjs", "--input-type=module", "--eval"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, code], {
    cwd: root,
    timeout: 20_000,
  });
  expect(stdout).toBe("true\n");
});

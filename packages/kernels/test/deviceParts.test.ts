/** @file The parts of devices that need no GPU: size classes, folding, ordering, back-pressure. */
import { describe, expect, test } from "vitest";
import { after, Part } from "../src/cpu/parts.ts";
import { countLiveBytes, counts, resetCounts } from "../src/device/counters.ts";
import { DeviceError, formatBytes } from "../src/device/errors.ts";
import { OrderedQueue } from "../src/device/orderedQueue.ts";
import { paddedBytes, sizeClass } from "../src/device/sizeClass.ts";
import { webGpuTarget } from "../src/device/target.ts";
import { Throttle } from "../src/device/throttle.ts";
import { foldWorkgroups } from "../src/program/workgroups.ts";

describe("sizes", () => {
  test("allocations are whole vectors and never empty", () => {
    expect([0, 1, 16, 17, 100].map(paddedBytes)).toEqual([16, 16, 16, 32, 112]);
  });

  test("classes are quarter steps between powers of two, exact when large", () => {
    expect([16, 256, 257, 384, 400, 513, 768, 1000, 3136, 5120].map(sizeClass)).toEqual([
      256, 256, 384, 384, 512, 640, 768, 1024, 3584, 5120,
    ]);
    expect(sizeClass(1 << 20)).toBe(1 << 20);
    expect(sizeClass((1 << 20) + 16)).toBe((1 << 20) + 256);
    expect(sizeClass(188_160_000)).toBe(188_160_000);
  });

  test("a class holds its size, is stable, and wastes little", () => {
    for (let bytes = 272; bytes < 5 << 20; bytes = Math.ceil((bytes * 1.01) / 16) * 16) {
      const size = sizeClass(bytes);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size).toBeLessThanOrEqual(bytes < 1024 ? bytes * 1.5 : bytes * 1.25);
      expect(sizeClass(size)).toBe(size);
      expect(size % 4).toBe(0);
    }
  });

  test("formatBytes names exact and readable sizes", () => {
    expect([12, 4096, 314_572_800, 5 * 2 ** 40].map(formatBytes)).toEqual([
      "12 bytes",
      "4,096 bytes (4.0 KiB)",
      "314,572,800 bytes (300.0 MiB)",
      "5,497,558,138,880 bytes (5120.0 GiB)",
    ]);
  });
});

test("foldWorkgroups covers the count within the limit and idles less than one row", () => {
  expect(foldWorkgroups(0, 65_535)).toEqual([0, 1]);
  expect(foldWorkgroups(65_535, 65_535)).toEqual([65_535, 1]);
  expect(foldWorkgroups(65_536, 65_535)).toEqual([32_768, 2]);
  for (const count of [65_537, 131_071, 1_000_003, 65_535 ** 2]) {
    const [x, y] = foldWorkgroups(count, 65_535);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
    expect(x * y).toBeGreaterThanOrEqual(count);
    expect(x * y - count).toBeLessThan(y);
  }
});

test("OrderedQueue stops at a closed gate and goes on when it opens", () => {
  const queue = new OrderedQueue();
  const gate = { settled: false };
  const done: number[] = [];
  queue.push(null, () => done.push(1));
  queue.push(gate, () => done.push(2));
  queue.push(null, () => done.push(3));
  queue.drain();
  expect(done).toEqual([1]);
  expect(queue.empty).toBe(false);
  queue.drain();
  gate.settled = true;
  queue.drain();
  expect(done).toEqual([1, 2, 3]);
  expect(queue.empty).toBe(true);
});

test("Throttle returns the oldest mark once too many are unreached", async () => {
  const throttle = new Throttle();
  const finish: (() => void)[] = [];
  const work = (): Promise<void> => new Promise((resolve) => finish.push(resolve));
  expect(throttle.mark(2, work)).toBeNull();
  expect(throttle.mark(2, () => Promise.reject(new Error("lost")))).toBeNull();
  const wait = throttle.mark(2, work);
  expect(wait).not.toBeNull();
  finish[0]!();
  await wait;
  expect(throttle.mark(2, work)).toBeNull();
});

test("counters keep live bytes and the peak over a reset", () => {
  resetCounts();
  const { liveBytes } = counts;
  countLiveBytes(100);
  countLiveBytes(-60);
  expect(counts).toMatchObject({ liveBytes: liveBytes + 40, peakBytes: liveBytes + 100 });
  counts.dispatches += 2;
  resetCounts();
  expect(counts).toMatchObject({ dispatches: 0, liveBytes: liveBytes + 40, peakBytes: liveBytes + 40 });
  countLiveBytes(-40);
});

test("DeviceError has the house form", () => {
  const error = new DeviceError("alloc", "no room.", { received: "a", expected: "b", fix: "c" });
  expect(error.name).toBe("DeviceError");
  expect(error.message).toBe("alloc: no room.\n  Received: a\n  Expected: b\n  Fix: c");
});

test("tiles depend on shape alone, and avoid workgroup memory on CPU renderers", () => {
  const limits = { maxStorageBuffersPerShaderStage: 8 } as GPUSupportedLimits;
  const { gemmTile } = webGpuTarget(limits, false);
  const shapes = [
    [1024, 1024],
    [256, 256],
    [128, 128],
    [60_000, 10],
    [128, 10],
    [1, 512],
    [5, 1],
  ] as const;
  const tiles = shapes.map(([m, n]) => gemmTile(m, n, 784));
  const perThread = tiles.map((tile) => [...tile.perThread, tile.shared]);
  const [narrow, row] = [
    [4, 4, false],
    [1, 4, false],
  ];
  expect(perThread).toEqual([[8, 8, true], [4, 4, true], [4, 4, true], row, row, row, row]);
  expect([...gemmTile(60_000, 64, 8).perThread, gemmTile(60_000, 64, 8).shared]).toEqual(narrow);
  for (const { threads } of tiles) expect(threads[0] * threads[1]).toBeLessThanOrEqual(64);
  for (const { threads, perThread, depth, shared } of tiles) {
    if (!shared) continue;
    const words = (threads[0] * perThread[1] + threads[1] * perThread[0]) * depth;
    expect(words * 4).toBeLessThanOrEqual(16 << 10);
  }
  const software = webGpuTarget(limits, true);
  for (const [m, n, k] of [
    [128, 128, 784],
    [128, 10, 784],
    [1, 512, 784],
  ] as const) {
    expect(software.gemmTile(m, n, k).shared).toBe(false);
  }
  expect(software.gemmTile(512, 512, 128).perThread).toEqual([16, 16]);
  expect(software.gemmTile(128, 128, 784).perThread).toEqual([4, 4]);
});

test("a CPU renderer with subgroups of four takes products in quads, but for narrow and for short ones", () => {
  const limits = { maxStorageBuffersPerShaderStage: 8 } as GPUSupportedLimits;
  const { gemmTile, gemmParts } = webGpuTarget(limits, true, true);
  const inQuads = (...shape: Parameters<typeof gemmTile>) => gemmTile(...shape).quads === true;
  expect(gemmTile(512, 512, 128)).toMatchObject({ threads: [4, 4], perThread: [8, 8], quads: true });
  expect(gemmTile(60_000, 10, 128)).toMatchObject({ threads: [2, 8], quads: true });
  expect([inQuads(128, 10, 128), inQuads(8, 4096, 784), inQuads(4096, 8, 784)]).toEqual([
    false,
    false,
    false,
  ]);
  expect([inQuads(64, 64, 32), inQuads(64, 64, 32, 32)]).toEqual([false, true]);
  // The parts are counted by the tile that computes them: 32 x 32 outputs in one workgroup.
  expect([gemmParts(1, 32, 32, 8192), gemmParts(1, 128, 128, 8192)]).toEqual([8, 1]);
});

describe("parts of the cpu backend", () => {
  test("are loaded once, and then at hand", async () => {
    let loads = 0;
    const part = new Part(async () => ({ number: ++loads }));
    const first = part.get();
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toBe(part.get());
    expect(after(part.get(), ({ number }) => number + 1)).toBe(2);
    expect(loads).toBe(1);
  });

  test("that are not to be had say so, and are asked for again", async () => {
    let isOnline = false;
    const part = new Part(async () => {
      if (!isOnline) throw new TypeError("Failed to fetch dynamically imported module");
      return "code";
    });
    await expect(part.get()).rejects.toThrow(
      /^build: code of the cpu backend cannot be loaded\.\n {2}Received: Failed to fetch.*\n {2}Expected: .*\n {2}Fix: /,
    );
    isOnline = true;
    expect(await part.get()).toBe("code");
  });
});

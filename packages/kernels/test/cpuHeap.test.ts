/** @file The memory of a cpu device: ranges of one linear memory that are reused, merge and survive growth, and arrays without it. */
import { describe, expect, test, vi } from "vitest";
import { ArrayHeap, type Block, LinearHeap } from "../src/cpu/heap.ts";
import { CpuPool } from "../src/cpu/pool.ts";
import { MemoryError } from "../src/device/errors.ts";

const offsetOf = ({ views }: Block): number => views.offset;
const bytesOf = (heap: LinearHeap): number => heap.memory.buffer.byteLength;
const takeAll = (heap: LinearHeap, ...sizes: number[]): Block[] =>
  sizes.map((bytes) => heap.take(bytes).block);

/** All orders of `items`. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => orders(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

describe("ranges of a linear memory", () => {
  test("start at multiples of 64, apart from each other and from address 0", () => {
    const blocks = takeAll(new LinearHeap(), 1, 64, 65, 0, 200);
    expect(blocks.map(({ bytes }) => bytes)).toEqual([64, 64, 128, 64, 256]);
    let end = 64;
    for (const block of blocks) {
      expect(offsetOf(block)).toBe(end);
      end += block.bytes;
    }
  });

  test("are used again, the smallest that is large enough first; the rest of it stays free", () => {
    const heap = new LinearHeap();
    const [large, , small] = takeAll(heap, 512, 64, 256, 64) as [Block, Block, Block];
    const [first, second] = [offsetOf(large), offsetOf(small)];
    heap.give(large);
    heap.give(small);
    const taken = [200, 64, 448].map((bytes) => heap.take(bytes));
    expect(taken.map(({ block }) => offsetOf(block))).toEqual([second, first, first + 64]);
    expect(taken.map(({ fresh }) => fresh)).toEqual([false, false, false]);
    expect(heap.take(64).fresh).toBe(true);
  });

  test.each(orders([0, 1, 2, 3]))("merge with free neighbours, given back as %i %i %i %i", (...order) => {
    const heap = new LinearHeap();
    const blocks = takeAll(heap, 64, 128, 192, 256, 64);
    const start = offsetOf(blocks[0]!);
    for (const i of order) heap.give(blocks[i]!);
    const { block, fresh } = heap.take(640);
    expect([offsetOf(block), fresh]).toEqual([start, false]);
    expect(heap.take(64).fresh).toBe(true);
  });

  test("do not merge across one that is in use", () => {
    const heap = new LinearHeap();
    const [left, , right] = takeAll(heap, 128, 64, 128) as [Block, Block, Block];
    heap.give(left);
    heap.give(right);
    expect(heap.take(256).fresh).toBe(true);
  });

  test("keep what they hold when memory grows; their views are new ones", () => {
    const heap = new LinearHeap();
    const { block } = heap.take(1024);
    const before = block.views;
    before.f.fill(1.5);
    expect(block.views).toBe(before);
    heap.take(bytesOf(heap));
    expect(before.f.length).toBe(0);
    expect(block.views.offset).toBe(before.offset);
    expect([...block.views.f]).toEqual(Array.from({ length: 256 }, () => 1.5));
  });

  test("leave room to read a vector from the last element on", () => {
    const heap = new LinearHeap();
    for (let i = 0; i < 20; i++) {
      const { block } = heap.take((i * 99_991) % 300_000);
      expect(offsetOf(block) + block.bytes + 16).toBeLessThanOrEqual(bytesOf(heap));
    }
  });

  test("memory grows by a quarter at least, and at once by what is reserved", () => {
    const heap = new LinearHeap();
    heap.reserve(10 << 20);
    const reserved = bytesOf(heap);
    expect(reserved).toBeGreaterThanOrEqual(10 << 20);
    expect(reserved).toBeLessThan(11 << 20);
    for (let i = 0; i < 10; i++) heap.take(1 << 20);
    expect(bytesOf(heap)).toBe(reserved);
    heap.take(1 << 17);
    expect(bytesOf(heap)).toBe(Math.ceil((reserved / 65536) * 1.25) * 65536);
  });

  test("the memory of a heap that is disposed of serves the next one, but only once", () => {
    const heap = new LinearHeap();
    heap.dispose();
    heap.dispose();
    const [next, other] = [new LinearHeap(), new LinearHeap()];
    expect(next.memory).toBe(heap.memory);
    expect(other.memory).not.toBe(heap.memory);
    expect(next.take(64)).toMatchObject({ fresh: true });
  });
});

describe("arrays", () => {
  test("are kept by size", () => {
    const heap = new ArrayHeap();
    const [a, b] = [heap.take(100), heap.take(200)];
    expect([a.fresh, b.fresh]).toEqual([true, true]);
    heap.give(a.block);
    expect(heap.take(200).block).not.toBe(a.block);
    expect(heap.take(65)).toEqual({ block: a.block, fresh: false });
    expect(heap.take(128).fresh).toBe(true);
  });

  test("are let go beyond 64 MiB and what is in use", () => {
    const heap = new ArrayHeap();
    const blocks = Array.from({ length: 5 }, () => heap.take(20 << 20).block);
    for (const block of blocks) heap.give(block);
    // Two while 60 MiB are in use, a third up to 64 MiB.
    expect(Array.from({ length: 5 }, () => heap.take(20 << 20).fresh)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });
});

describe("the pool", () => {
  const maxBytes = 2 ** 31 - 16;
  const MiB = 2 ** 20;

  /** A heap of 8 MiB at most. */
  function smallHeap(): LinearHeap {
    const maximum = 128;
    return new LinearHeap({
      memory: new WebAssembly.Memory({ initial: 16, maximum }),
      maximum,
      shared: false,
    });
  }

  test("tells in full that memory is used up, and goes on with what there is", () => {
    const pool = new CpuPool(smallHeap(), maxBytes);
    const first = pool.take(2 * MiB, "variable first");
    expect(() => pool.reserve(6 * MiB, "slots")).toThrow(MemoryError);
    pool.take(5 * MiB, "variable second");
    expect(() => pool.take(2 * MiB, "slot 3")).toThrow(
      [
        "alloc: the system is out of memory (WebAssembly's memory ends at 8,388,608 bytes (8.0 MiB)).",
        '  Received: 2,097,152 bytes (2.0 MiB) for "slot 3", beside 7,340,032 bytes (7.0 MiB) in use',
        "  Expected: less than JavaScript may have",
        "  Fix: use a smaller batch or model, or dispose tensors that are no longer needed",
      ].join("\n"),
    );
    expect(pool.memory()).toMatchObject({ bytes: 7 * MiB, buffers: 2 });
    pool.give(first);
    expect(pool.take(2 * MiB, "slot 3").block.views.f.length).toBe(MiB / 2);
  });

  test("memory grows to its end, and by what is needed where a quarter more is refused", () => {
    const heap = smallHeap();
    heap.take(2 * MiB);
    const grow = vi.spyOn(heap.memory, "grow").mockImplementationOnce(() => {
      throw new RangeError("no quarter");
    });
    heap.take(65536);
    expect(bytesOf(heap)).toBe(2 * MiB + 2 * 65536);
    heap.take(6 * MiB - 70_000);
    expect(bytesOf(heap)).toBe(8 * MiB);
    expect(grow).toHaveBeenCalledTimes(3);
  });

  test("a buffer of another pool, or one given back, is not its own", () => {
    const [pool, other] = [new CpuPool(new LinearHeap(), maxBytes), new CpuPool(new ArrayHeap(), maxBytes)];
    const buffer = pool.take(16, "x");
    expect(() => other.give(buffer)).toThrow(/"x" was freed already, or belongs to another device/);
    pool.give(buffer);
    expect(() => pool.owned(buffer)).toThrow(/"x" was freed already/);
  });
});

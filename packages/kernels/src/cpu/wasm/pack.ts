/** @file Packs blocks of a matrix into panels: for each k the values of a few rows (of A) or columns (of B) side by side. */
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { add, addScaled, int, min, mul } from "./integers.ts";
import type { ModuleBuilder } from "./moduleBuilder.ts";
import { loadVector, storeVector } from "./vectors.ts";

const signature = { params: ["i32", "i32", "i32", "i32"], results: [] } as const;

/**
 * The index of `(from, to, count, depth)`: a panel [depth, width] from a matrix whose lines (rows of A, columns of B) lie `lineStride` and whose
 * k lie `depthStride` elements apart. Of `count` lines; past them the panel holds other numbers, which reach only outputs that nobody reads.
 * `pitch`: elements from one k of the panel to the next.
 */
export function packer(
  module: ModuleBuilder,
  width: number,
  lineStride: number,
  depthStride: number,
  pitch = width,
): number {
  return module.helper(`pack ${width} ${lineStride} ${depthStride} ${pitch}`, signature, (f) => {
    if (lineStride === 1) packNeighbours(f, width, depthStride, pitch);
    else packLines(f, width, lineStride, depthStride, pitch);
  });
}

/** Lines are neighbours: vectors go as they are. */
function packNeighbours(f: FunctionBuilder, width: number, depthStride: number, pitch: number): void {
  const [from, to, , depth] = f.params as [Local, Local, Local, Local];
  const end = f.keep("i32", add(to.get, mul(depth.get, int(pitch * 4))));
  f.loop(to, to.get, end.get, pitch * 4, () => {
    for (let at = 0; at < width * 4; at += 16) {
      to.get(f);
      from.get(f);
      f.memory("v128.load", at);
      // Of an odd number of pairs, the last is half a vector.
      if (at + 16 <= width * 4) f.memory("v128.store", at);
      else f.memoryLane("v128.store64_lane", 0, at);
    }
    f.set(from, add(from.get, int(depthStride * 4)));
  });
}

function packLines(
  f: FunctionBuilder,
  width: number,
  lineStride: number,
  depthStride: number,
  pitch: number,
): void {
  const [from, to, count, depth] = f.params as [Local, Local, Local, Local];
  const last = f.keep("i32", add(count.get, int(-1)));
  const whole = f.keep("i32", () => {
    depth.get(f);
    f.i32(depthStride === 1 ? -4 : 0);
    f.plain("i32.and");
  });
  const k = f.local("i32");
  for (let first = 0; first < width; first += 4) {
    const lines = Array.from({ length: Math.min(4, width - first) }, (_, i) =>
      f.keep("i32", addScaled(from.get, min(int(first + i), last.get), lineStride * 4)),
    );
    const target = f.keep("i32", add(to.get, int(first * 4)));
    const transpose = lines.length === 4 ? transposeFour : transposeTwo;
    if (depthStride === 1) f.loop(k, int(0), whole.get, 4, () => transpose(f, lines, target, pitch));
    f.loop(k, whole.get, depth.get, 1, () => {
      lines.forEach((line, i) => {
        target.get(f);
        line.get(f);
        f.memory("f32.load");
        f.memory("f32.store", i * 4);
      });
      advance(f, lines, depthStride * 4, target, pitch * 4);
    });
  }
}

const low = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const high = low.map((byte) => byte + 8);
const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const highHalves = lowHalves.map((byte) => byte + 8);

/** Four k of each line. */
function loadLines(f: FunctionBuilder, lines: readonly Local[]): Value[] {
  return lines.map((line) => f.let(loadVector(line.get)));
}

function shuffled(f: FunctionBuilder, x: Value, y: Value, bytes: readonly number[]): Value {
  return f.let(() => {
    x(f);
    y(f);
    f.shuffle(bytes);
  });
}

/** Four k of four lines. */
function transposeFour(f: FunctionBuilder, lines: readonly Local[], target: Local, pitch: number): void {
  const [a, b, c, d] = loadLines(f, lines) as [Value, Value, Value, Value];
  const pairs = [low, high].map((bytes) => [shuffled(f, a, b, bytes), shuffled(f, c, d, bytes)] as const);
  [0, 1, 2, 3].forEach((k) => {
    const [first, second] = pairs[k >> 1]!;
    storeVector(
      f,
      target.get,
      shuffled(f, first, second, k % 2 === 0 ? lowHalves : highHalves),
      k * pitch * 4,
    );
  });
  advance(f, lines, 16, target, pitch * 16);
}

/** Four k of two lines. */
function transposeTwo(f: FunctionBuilder, lines: readonly Local[], target: Local, pitch: number): void {
  const [a, b] = loadLines(f, lines) as [Value, Value];
  [low, high].forEach((bytes, half) => {
    const pairs = shuffled(f, a, b, bytes);
    for (const lane of [0, 1]) {
      target.get(f);
      pairs(f);
      f.memoryLane("v128.store64_lane", lane, (half * 2 + lane) * pitch * 4);
    }
  });
  advance(f, lines, 16, target, pitch * 16);
}

/** Moves all addresses on, by so many bytes. */
function advance(f: FunctionBuilder, lines: readonly Local[], step: number, target: Local, by: number): void {
  for (const line of lines) f.set(line, add(line.get, int(step)));
  f.set(target, add(target.get, int(by)));
}

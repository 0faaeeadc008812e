/** @file The IDX format of MNIST: a magic number, big-endian extents, then unsigned bytes. */
import { inflate, isGzip } from "./bytes.ts";
import { DataError } from "./errors.ts";
import type { HostArray } from "./types.ts";

const UNSIGNED_BYTE = 0x08;

function describeStart(bytes: Uint8Array): string {
  const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length === 0 ? "an empty file" : `${bytes.length} bytes that begin with ${start}`;
}

async function unpack(
  where: string,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) return bytes;
  try {
    return await inflate(bytes, "gzip");
  } catch (cause) {
    throw new DataError(where, `${name} is a gzip file that is corrupt or cut short.`, {
      received: `${bytes.length} bytes that do not unpack (${cause instanceof Error ? cause.message : cause}).`,
      expected: "a complete gzip file.",
      fix: `download ${name} again and compare its size with the source's.`,
    });
  }
}

function checkMagic(where: string, name: string, bytes: Uint8Array, rank: number): void {
  const magic = `00 00 08 0${rank}`;
  if (
    bytes.length >= 4 &&
    bytes[0] === 0 &&
    bytes[1] === 0 &&
    bytes[2] === UNSIGNED_BYTE &&
    bytes[3] === rank
  )
    return;
  throw new DataError(where, `${name} is not an IDX file of ${rank === 1 ? "labels" : "images"}.`, {
    received: describeStart(bytes),
    expected: `the magic number ${magic} (unsigned bytes, ${rank} ${rank === 1 ? "axis" : "axes"}).`,
    fix: "check that the file is the right one of the four, and not a web page or a git-lfs pointer.",
  });
}

function checkSize(where: string, name: string, bytes: Uint8Array, header: number, shape: number[]): void {
  const size = shape.reduce((product, extent) => product * extent, header > bytes.length ? Number.NaN : 1);
  if (size > 0 && bytes.length === header + size) return;
  const cut = Number.isNaN(size) || bytes.length < header + size;
  throw new DataError(where, `${name} ${cut ? "is cut short" : "is empty or has bytes after its end"}.`, {
    received: `${bytes.length} bytes after unpacking${shape.length > 0 ? ` for shape [${shape.join(", ")}]` : ""}.`,
    expected: Number.isNaN(size)
      ? `a header of ${header} bytes.`
      : `extents above 0 and exactly ${header + size} bytes: a header of ${header}, then one byte an element.`,
    fix: `download ${name} again: it is damaged.`,
  });
}

/**
 * Reads an IDX file of unsigned bytes with `rank` axes, packed (gzip) or not.
 *
 * @throws DataError naming `name` if the gzip data is corrupt or cut short, or magic number, extents and size do not agree.
 */
export async function readIdx(
  where: string,
  name: string,
  file: Uint8Array<ArrayBuffer>,
  rank: number,
): Promise<HostArray<Uint8Array>> {
  const bytes = await unpack(where, name, file);
  checkMagic(where, name, bytes, rank);
  const header = 4 + 4 * rank;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape =
    bytes.length < header ? [] : Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  checkSize(where, name, bytes, header, shape);
  return { data: bytes.subarray(header), shape };
}

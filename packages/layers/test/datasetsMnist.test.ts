/** @file MNIST from files and over HTTP: good files, each kind of damage, and the real set where it is present. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { DataError, mnist } from "../src/datasets/index.ts";

const NAMES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
};
type Files = Record<string, Uint8Array<ArrayBuffer>>;

/** An IDX file with the given extents and the bytes 0, 1, 2, ... modulo `modulo`. */
function idx(shape: number[], modulo: number, magic = [0, 0, 8, shape.length]): Uint8Array<ArrayBuffer> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const bytes = new Uint8Array(4 + 4 * shape.length + size);
  bytes.set(magic);
  const view = new DataView(bytes.buffer);
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent);
  for (let i = 0; i < size; i++) bytes[4 + 4 * shape.length + i] = i % modulo;
  return bytes;
}

const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));

function smallSet(): Files {
  return {
    [NAMES.trainImages]: idx([6, 28, 28], 251),
    [NAMES.trainLabels]: idx([6], 10),
    [NAMES.testImages]: idx([3, 28, 28], 250),
    [NAMES.testLabels]: idx([3], 10),
  };
}

const packed = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzip(bytes)]));

async function failure(files: Files): Promise<string> {
  const error = await mnist({ source: files }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(/^mnist: .+\.\n {2}Received: .+\n {2}Expected: .+\n {2}Fix: .+$/);
  return (error as Error).message;
}

describe("mnist from files", () => {
  it("reads gzip and unpacked files, as Blobs, buffers or Files, by either kind of name", async () => {
    const files = smallSet();
    const named = packed(files);
    const list = Object.entries(named).map(
      ([name, bytes]) => new File([bytes], `Folder/${name.replace("-idx", ".idx")}`),
    );
    const records = [
      files,
      named,
      Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, new Blob([files[name]!])])),
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.buffer])),
      list,
    ];
    for (const source of records) {
      const { train, test, classNames } = await mnist({ source });
      expect([train.x.shape, train.y.shape, test.x.shape]).toEqual([[6, 28, 28], [6], [3, 28, 28]]);
      expect(Array.from(train.y.data)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(Array.from(train.x.data.subarray(0, 252)).slice(-3)).toEqual([249, 250, 0]);
      expect(test.x.data).toHaveLength(3 * 784);
      expect(classNames).toHaveLength(10);
    }
  });

  it("names missing files and unusable sources", async () => {
    const files = smallSet();
    delete files[NAMES.testLabels];
    expect(await failure(files)).toContain("t10k-labels-idx1-ubyte (with or without .gz)");
    expect(await failure({})).toContain("no files");
    await expect(mnist({ source: undefined as unknown as string })).rejects.toThrow(/source is missing/);
    await expect(mnist({ source: "not an address" })).rejects.toThrow(/source is not a usable address/);
    const wrong = { ...smallSet(), [NAMES.testLabels]: 3 as unknown as Uint8Array };
    await expect(mnist({ source: wrong })).rejects.toThrow(/is not a file/);
  });

  it.each<[string, (files: Files) => void, RegExp]>([
    [
      "an empty file",
      (f) => (f[NAMES.trainImages] = new Uint8Array(0)),
      /train-images.*is not an IDX[^]*empty file/,
    ],
    ["a web page", (f) => (f[NAMES.trainLabels] = new TextEncoder().encode("<!doctype html>")), /3c 21 64/],
    [
      "files mixed up",
      (f) => (f[NAMES.testImages] = f[NAMES.testLabels]!),
      /t10k-images.*IDX file of images/,
    ],
    ["another element type", (f) => (f[NAMES.testLabels] = idx([3], 10, [0, 0, 13, 1])), /00 00 0d 01/],
    [
      "a cut header",
      (f) => (f[NAMES.trainImages] = idx([6, 28, 28], 9).slice(0, 9)),
      /cut short[^]*header of 16/,
    ],
    [
      "cut data",
      (f) => (f[NAMES.trainImages] = idx([6, 28, 28], 9).slice(0, -1)),
      /cut short[^]*\[6, 28, 28\]/,
    ],
    [
      "bytes after the end",
      (f) => (f[NAMES.trainLabels] = new Uint8Array([...idx([6], 10), 0])),
      /after its end/,
    ],
    ["no rows", (f) => (f[NAMES.trainLabels] = idx([0], 10)), /is empty/],
    ["an absurd extent", (f) => f[NAMES.trainLabels]!.set([255, 255, 255, 255], 4), /\[4294967295\]/],
    ["images of another size", (f) => (f[NAMES.testImages] = idx([3, 8, 8], 9)), /\[3, 8, 8\]/],
    ["a label out of range", (f) => (f[NAMES.testLabels]![8 + 2] = 10), /label 10 at row 2/],
    ["different numbers of rows", (f) => (f[NAMES.testLabels] = idx([4], 10)), /3 images.*4 labels/],
    [
      "cut gzip",
      (f) => (f[NAMES.trainImages] = gzip(f[NAMES.trainImages]!).slice(0, 60)),
      /corrupt or cut short/,
    ],
    [
      "cut gzip trailer",
      (f) => (f[NAMES.trainLabels] = gzip(f[NAMES.trainLabels]!).slice(0, -3)),
      /corrupt or cut/,
    ],
  ])("refuses %s", async (_, damage, message) => {
    const files = smallSet();
    damage(files);
    expect(await failure(files)).toMatch(message);
  });

  it("refuses corrupt gzip", async () => {
    const files = packed(smallSet());
    const bytes = files[`${NAMES.trainImages}.gz`]!;
    bytes.fill(0xa5, 12, 40);
    expect(await failure(files)).toMatch(/train-images-idx3-ubyte is a gzip file that is corrupt/);
  });
});

describe("mnist over HTTP", () => {
  let server: Server | undefined;

  async function serve(listener: RequestListener): Promise<string> {
    const started = createServer(listener);
    server = started;
    await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(started.address() as AddressInfo).port}/mnist`;
  }

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it.each([true, false])("downloads the four files (gzip: %s)", async (gzipped) => {
    const files = gzipped ? packed(smallSet()) : smallSet();
    const source = await serve((request, response) => {
      const file = files[request.url?.replace("/mnist/", "") ?? ""];
      response.writeHead(file ? 200 : 404).end(file);
    });
    const { train, test } = await mnist({ source });
    expect([train.x.shape, test.y.shape]).toEqual([[6, 28, 28], [3]]);
    expect((await mnist({ source: new URL(`${source}/`) })).train.y.data).toEqual(train.y.data);
  });

  it("names the status, and stops on abort", async () => {
    const source = await serve((_, response) => response.writeHead(500).end());
    await expect(mnist({ source })).rejects.toThrow(/could not be downloaded[^]*status 500/);
    await expect(mnist({ source, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it("says when no server answers", async () => {
    const source = await serve(() => {});
    server?.closeAllConnections();
    server?.close();
    await expect(mnist({ source })).rejects.toThrow(/could not be reached/);
  });
});

const folder = new URL("../../../../shared/data/mnist/", import.meta.url);
const present = existsSync(folder);

it.skipIf(!present)(
  `reads the real MNIST${present ? "" : " (skipped: ../shared/data/mnist is absent)"}`,
  async () => {
    const source = Object.fromEntries(
      Object.values(NAMES).map((name) => [name, new Uint8Array(readFileSync(new URL(`${name}.gz`, folder)))]),
    );
    const { train, test } = await mnist({ source });
    expect([train.x.shape, train.y.shape]).toEqual([[60000, 28, 28], [60000]]);
    expect([test.x.shape, test.y.shape]).toEqual([[10000, 28, 28], [10000]]);
    expect(Array.from(train.y.data.subarray(0, 10))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const total = train.x.data.reduce((sum, pixel) => sum + pixel, 0);
    expect(total / train.x.data.length).toBeCloseTo(33.318, 3);
  },
);

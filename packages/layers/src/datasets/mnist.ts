/** @file MNIST, or a set in its format, from a URL or from files that the user gives. */
import { DataError } from "./errors.ts";
import { readIdx } from "./idx.ts";
import type { HostArray, LabelledArrays } from "./types.ts";

const FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

type Part = keyof typeof FILES;
type Bytes = Blob | ArrayBuffer | Uint8Array;

/** Where the four files come from: a base URL, a list of `File`s (by their names), or a record of file contents by name. */
export type MnistSource = string | URL | readonly File[] | Readonly<Record<string, Bytes>>;

/** Options of `mnist`. */
export interface MnistOptions {
  /**
   * A base URL under which the four files lie, or the files themselves: a list of `File`s, or a record whose keys are the file
   * names or `trainImages`, `trainLabels`, `testImages`, `testLabels`. Gzip or unpacked.
   */
  readonly source: MnistSource;
  /** Stops the download. */
  readonly signal?: AbortSignal;
}

/** MNIST as bytes. */
export interface MnistData {
  readonly train: LabelledArrays<Uint8Array, Uint8Array>;
  readonly test: LabelledArrays<Uint8Array, Uint8Array>;
  readonly classNames: readonly string[];
}

/**
 * Reads the MNIST digits (or Fashion-MNIST and others in the same four IDX files).
 *
 * `x` is uint8 [rows, 28, 28] with pixels 0 ... 255 (scale them by `layers.Rescaling(1 / 255)`), `y` uint8 [rows] with labels 0 ... 9;
 * the real MNIST has 60,000 rows in `train` and 10,000 in `test`.
 *
 * Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
 *
 * @throws DataError naming the file, if one is missing, corrupt, cut short, of another shape, or its labels and images do not agree.
 * @example
 * const { train, test } = await datasets.mnist({ source: "/data/mnist/" });
 * const fromInput = await datasets.mnist({ source: [...fileInput.files] });
 */
export async function mnist(options: MnistOptions): Promise<MnistData> {
  const load = loader(options);
  const [train, test] = await Promise.all([
    readPair(load, "trainImages", "trainLabels"),
    readPair(load, "testImages", "testLabels"),
  ]);
  return { train, test, classNames: Array.from({ length: 10 }, (_, digit) => String(digit)) };
}

type Load = (part: Part) => Promise<Uint8Array<ArrayBuffer>>;

function loader({ source, signal }: MnistOptions): Load {
  if (typeof source === "string" || source instanceof URL) return fromUrl(source, signal);
  if (typeof source === "object" && source !== null) return fromFiles(source);
  throw new DataError("mnist", "source is missing.", {
    received: `source = ${source}`,
    expected: "a base URL, a list of Files, or a record of file contents.",
    fix: 'pass, for example, { source: "/data/mnist/" }.',
  });
}

async function readPair(
  load: Load,
  images: Part,
  labels: Part,
): Promise<LabelledArrays<Uint8Array, Uint8Array>> {
  const [imageFile, labelFile] = await Promise.all([load(images), load(labels)]);
  const x = await readIdx("mnist", FILES[images], imageFile, 3);
  const y = await readIdx("mnist", FILES[labels], labelFile, 1);
  checkImages(FILES[images], x);
  checkLabels(FILES[labels], y);
  if (x.shape[0] === y.shape[0]) return { x, y };
  throw new DataError("mnist", "images and labels differ in number.", {
    received: `${x.shape[0]} images in ${FILES[images]}, ${y.shape[0]} labels in ${FILES[labels]}.`,
    expected: "one label for each image.",
    fix: "take both files from the same set.",
  });
}

function checkImages(name: string, x: HostArray<Uint8Array>): void {
  if (x.shape[1] === 28 && x.shape[2] === 28) return;
  throw new DataError("mnist", `${name} holds images of another size.`, {
    received: `shape [${x.shape.join(", ")}].`,
    expected: "shape [rows, 28, 28].",
    fix: "use MNIST or a set in its format, such as Fashion-MNIST.",
  });
}

function checkLabels(name: string, y: HostArray<Uint8Array>): void {
  const row = y.data.findIndex((label) => label > 9);
  if (row < 0) return;
  throw new DataError("mnist", `${name} has a label out of range.`, {
    received: `label ${y.data[row]} at row ${row}.`,
    expected: "labels 0 ... 9.",
    fix: "use MNIST or a set of 10 classes in its format.",
  });
}

function fromUrl(source: string | URL, signal: AbortSignal | undefined): Load {
  const base = baseUrl(source);
  return async (part) => {
    const packed = await request(new URL(`${FILES[part]}.gz`, base), signal);
    // A server may hold the unpacked file alone.
    const response = packed.status === 404 ? await request(new URL(FILES[part], base), signal) : packed;
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new DataError("mnist", `${FILES[part]} could not be downloaded.`, {
      received: `status ${response.status} from ${response.url}.`,
      expected: `the four files of MNIST under ${base}, with or without .gz.`,
      fix: "check the address, or pass the files themselves as source.",
    });
  };
}

async function request(url: URL, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new DataError("mnist", `${url} could not be reached.`, {
      received: cause instanceof Error ? cause.message : String(cause),
      expected: "a server that answers and, for another origin, allows this page by CORS.",
      fix: "check the address and the network, or pass the files themselves as source.",
    });
  }
}

/** The address of the folder; relative ones are seen from the page or Worker. */
function baseUrl(source: string | URL): URL {
  const text = String(source);
  try {
    return new URL(text.endsWith("/") ? text : `${text}/`, globalThis.location?.href);
  } catch {
    throw new DataError("mnist", "source is not a usable address.", {
      received: `"${text}".`,
      expected: "an absolute URL, or one relative to the page.",
      fix: "pass a full address such as https://example.org/mnist/, or the files themselves.",
    });
  }
}

/** `Train-Images.idx3-ubyte.gz` and its like are the same file name. */
function canonicalName(name: string): string {
  const last = name.split(/[\\/]/).pop() ?? name;
  return last.toLowerCase().replace(/\.gz$/, "").replace(".idx", "-idx");
}

function fromFiles(source: readonly File[] | Readonly<Record<string, Bytes>>): Load {
  const entries: [string, Bytes][] = Array.isArray(source)
    ? source.map((file: File) => [file.name, file])
    : Object.entries(source as Record<string, Bytes>);
  const files = new Map(entries.map(([name, file]) => [name in FILES ? name : canonicalName(name), file]));
  const parts = Object.keys(FILES) as Part[];
  const missing = parts.filter((part) => !files.has(part) && !files.has(FILES[part]));
  if (missing.length > 0)
    throw new DataError("mnist", `source lacks ${missing.length} of the 4 files.`, {
      received: entries.length === 0 ? "no files." : entries.map(([name]) => name).join(", "),
      expected: parts.map((part) => FILES[part]).join(", "),
      fix: `add ${missing.map((part) => FILES[part]).join(", ")} (with or without .gz).`,
    });
  return (part) => bytesOf(FILES[part], (files.get(part) ?? files.get(FILES[part])) as Bytes);
}

async function bytesOf(name: string, file: Bytes): Promise<Uint8Array<ArrayBuffer>> {
  if (file instanceof Blob) return new Uint8Array(await file.arrayBuffer());
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  if (file instanceof Uint8Array) return new Uint8Array(file);
  throw new DataError("mnist", `${name} is not a file.`, {
    received: typeof file,
    expected: "a File, Blob, ArrayBuffer or Uint8Array.",
    fix: "pass the content of the file, for example from an <input type=file>.",
  });
}

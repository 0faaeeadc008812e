/** @file `npm run train` as a user runs it, and its parts. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { datasets, init, layers, Sequential } from "tenrec";
import { describe, expect, test } from "vitest";
import { readOptions } from "../lib/options.mjs";
import { Progress } from "../lib/progress.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Outcome {
  code: number;
  out: string;
  err: string;
}

function train(...options: string[]): Promise<Outcome> {
  const args = ["--import", "./tools/ts.mjs", "examples/train.mjs", ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

const accuracyIn = (out: string) => Number(/^Test accuracy: ([\d.]+) %/m.exec(out)?.[1]);

/** The digits in MNIST's form: pixels of 3 x 3 within a margin of 2, one file of each kind packed. */
async function writeMnist(folder: string): Promise<void> {
  const { train, test } = await datasets.digits({ scale: false });
  for (const [prefix, { x, y }] of Object.entries({ train, t10k: test })) {
    const rows = y.shape[0]!;
    const head = (...words: number[]) => Buffer.from(new Uint32Array(words).buffer).swap32();
    const pixels = Buffer.alloc(rows * 784);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < 576; i++) {
        const [line, column] = [Math.floor(i / 24), i % 24];
        const value = x.data[row * 64 + Math.floor(line / 3) * 8 + Math.floor(column / 3)]!;
        pixels[row * 784 + (line + 2) * 28 + column + 2] = Math.min(255, value * 16);
      }
    const images = Buffer.concat([head(0x803, rows, 28, 28), pixels]);
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte.gz`), gzipSync(images));
    await writeFile(
      join(folder, `${prefix}-labels-idx1-ubyte`),
      Buffer.concat([head(0x801, rows), Uint8Array.from(y.data)]),
    );
  }
}

describe("npm run train", () => {
  test("learns the digits and says so in plain lines of at most 80 columns", async () => {
    const { code, out, err } = await train("--epochs=6", "--backend=cpu");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(accuracyIn(out)).toBeGreaterThan(90);
    expect(out.match(/^epoch \d\/6 {2}loss \d\.\d{4}.*validation accuracy +\d+\.\d %$/gm)).toHaveLength(6);
    expect(out).toMatch(/^Backend: cpu$/m);
    expect(out.match(/read as \d/g)).toHaveLength(4);
    for (const control of ["\r", "\u001b"]) expect(out).not.toContain(control);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("learns files in MNIST's form with a convolutional network", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tenrec-mnist-"));
    try {
      await writeMnist(folder);
      const set = `--mnist=${folder}`;
      const { out, err } = await train(set, "--model=cnn", "--epochs=3", "--batch=32", "--backend=cpu");
      expect(err).toBe("");
      expect(out).toContain("1,438 MNIST digits of 28 x 28 pixels");
      expect(accuracyIn(out)).toBeGreaterThan(90);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.for([
    ["--mnist=no/such/folder", /^train: the folder of --mnist cannot be read\.\n {2}Received: .*no\/such/],
    ["--mnist=examples", /^mnist: .*\n {2}Received: .*\n {2}Expected: .*train-images/],
    ["--epoch=3", /^train: unknown option\.\n {2}Received: --epoch=3\n/],
  ] as const)("%s fails with the reason alone", async ([option, message]) => {
    const { code, out, err } = await train(option, "--backend=cpu");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(message);
    expect(err).toMatch(/\n {2}Fix: .*\n$/);
  });
});

test("options have defaults, which MNIST changes", () => {
  expect(readOptions([])).toMatchObject({ model: "dense", epochs: 20, batch: 32, backend: "auto", seed: 1 });
  expect(readOptions(["--mnist", "x"])).toMatchObject({ mnist: "x", epochs: 5, batch: 128 });
});

test.for([
  ["--epochs=0", "a whole number from 1 to 999"],
  ["--epochs=2.5", "a whole number from 1 to 999"],
  ["--seed=-1", "a whole number from 0 to 2147483647"],
  ["--model=resnet", "dense, cnn"],
  ["--backend=webgl", "auto, webgpu, cpu"],
  ["--mnist", "--mnist=<value>"],
  ["extra", "--mnist, --model"],
] as const)("%s is refused", ([option, expected]) => {
  const parts = [`  Received: ${option}`, `  Expected: ${expected}`];
  expect(() => readOptions([option])).toThrow(parts.join("\n"));
});

/** What a terminal shows after `text`: a carriage return goes back to the start of the line. */
function screen(text: string): string[] {
  return text.split("\n").map((line) => {
    let shown = "";
    for (const part of line.split("\r")) shown = part + shown.slice(part.length);
    return shown.trimEnd();
  });
}

test("a bar moves where lines can be overwritten, and leaves what stands elsewhere", async () => {
  await init({ backend: "cpu" });
  const run = async (isTTY: boolean) => {
    const x = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(i)]);
    const y = x.map(([a, b]) => (a! > b! ? 1 : 0));
    const model = new Sequential([new layers.Dense(2, { activation: "softmax", kernelInitializer: "ones" })]);
    model.compile({ loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
    const written: string[] = [];
    const progress = new Progress({ isTTY, write: (part: string) => written.push(part) });
    await model.fit(x, y, {
      epochs: 3,
      shuffle: false,
      validationSplit: 0.2,
      verbose: 0,
      callbacks: [progress],
    });
    return written.join("");
  };
  const [moving, plain] = [await run(true), await run(false)];
  expect(moving).toMatch(/\r━{20}─{10} {2}66\.7 %, [\d.]+ s left/);
  expect(plain).not.toMatch(/[\r━]/);
  expect(screen(moving)).toEqual(plain.split("\n"));
});

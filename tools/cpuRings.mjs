/**
 * Rings that repeat the tests of Node's ring on other ways of the cpu backend: `javascript` without WebAssembly, `relaxed` in a page,
 * where products join their sums in one rounding, `threads` in two threads. In full by `npm run prove`; `npm test` draws a sample by a
 * seed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./common.mjs";

/** What these files say holds with WebAssembly only, or computes nothing at all. */
const aboutWebAssembly = /\/(\w*Wasm|wasm\w*|threads\w*|linearMemory|deviceOpen)\.test\.ts$/;

/** Workers of Node, and modules that are loaded anew. */
const aboutNode = /\/(threads\w*|wasmSupport)\.test\.ts$/;

/** Tests that count threads themselves; those of packages/kernels open devices of one, whose bits threads.test.ts compares. */
const aboutThreads = /\/(threads\w*\.test\.ts|kernels\/test\/.*)$/;

/** The cpu backend's own tests are in every sample. */
const own = /\/kernels\/test\/(cpu\w*|\w*Wasm|wasmMath)\.test\.ts$/;

/** Files that take more than four seconds in some ring are in no sample: large steps for JavaScript, or many for threads. */
const long = new RegExp(
  `/(${[
    "worker|realModels|samples|control|mixedPrecision|recurrent|plan|half|checkpoint|convLayers|modelLayers",
    "training|linearMemory|memoryLimit|soak|linearCrossentropy|golden(Recurrent|Convolution|Functional)",
  ].join("|")})\\.test\\.ts$`,
);

/** Drawn beside the cpu backend's own. */
const numDrawn = 8;

/** Random scripts of the fuzz in a sample. */
const numScripts = 100;

/** Paths of the test files of Node's ring that compute, from the root. */
function testFiles() {
  return ["packages", "apps"]
    .flatMap((folder) => readdirSync(join(root, folder)).map((part) => `${folder}/${part}/test`))
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith(".test.ts") && !path.endsWith(".gpu.test.ts"))
    .sort();
}

const needsNode = (path) =>
  aboutNode.test(path) || readFileSync(join(root, path), "utf8").includes('from "node:');

/** Files by ring. */
export const cpuRings = {
  javascript: () => testFiles().filter((path) => !aboutWebAssembly.test(path)),
  relaxed: () => testFiles().filter((path) => !needsNode(path)),
  threads: () => testFiles().filter((path) => !aboutThreads.test(path)),
};

/** Numbers in [0, 1) by a seed: Mulberry32. */
function random(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The files of one sample: those of the cpu backend, and others that the seed chooses.
 *
 * @param {readonly string[]} files
 * @param {number} seed
 * @returns {string[]}
 */
export function drawSample(files, seed) {
  const next = random(seed);
  const others = files.filter((path) => !own.test(path) && !long.test(path));
  const drawn = others
    .map((path) => ({ path, rank: next() }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, numDrawn);
  return [...files.filter((path) => own.test(path)), ...drawn.map(({ path }) => path)];
}

/**
 * What a run of tests gives vitest: the files of a sample, and how many scripts the fuzz has. SAMPLE_SEED repeats an earlier one.
 *
 * @param {keyof typeof cpuRings} ring
 */
export function chooseSample(ring) {
  const files = cpuRings[ring]();
  const seed = Number(process.env.SAMPLE_SEED ?? Math.floor(Math.random() * 1e6));
  const sample = drawSample(files, seed);
  console.log(`SAMPLE_SEED=${seed} draws ${sample.length} of ${files.length} files.`);
  return { sample, env: { FUZZ: process.env.FUZZ ?? String(numScripts) } };
}

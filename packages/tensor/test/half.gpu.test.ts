/** @file float16 on WebGPU: operations of every kind that read and write it, whole vectors and ragged rows. */
import { halfSamples, testHalves } from "./halfSuite.ts";

const families = ["elementwise", "reduce", "movement", "contraction", "indexing", "composite", "bundle"];

/** Two rows of each family, and those on ragged sizes. */
const rows = families.flatMap((family) =>
  halfSamples.filter(({ primitive }) => primitive?.family === family).slice(0, 2),
);

testHalves({ backend: "webgpu" }, rows);

/** @file The sample table, values and gradients, on WebGPU; of the convolutions, which compile long, each record and every fourth row. */
import { samples } from "./samples.ts";
import { convolution } from "./samplesConvolution.ts";
import { testSamples } from "./samplesSuite.ts";

const isFirst = (row: number): boolean =>
  samples.findIndex(({ primitive }) => primitive === samples[row]?.primitive) === row;

testSamples(
  "webgpu",
  samples.filter((sample, row) => !convolution.includes(sample) || isFirst(row) || row % 4 === 0),
);

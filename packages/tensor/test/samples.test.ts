/** @file The sample table, values and gradients, compiled and run on the cpu device. */
import { testSamples } from "./samplesSuite.ts";

testSamples("cpu");

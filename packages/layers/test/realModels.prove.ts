/** @file The runs of 20 steps of real networks on WebGPU: bit-equal repeats, 1e-5 without each optimisation. */
import "./realModels.test.ts";

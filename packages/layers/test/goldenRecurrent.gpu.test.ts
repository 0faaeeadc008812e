/** @file The golden tests of recurrent layers on WebGPU. */
import "./goldenRecurrent.test.ts";

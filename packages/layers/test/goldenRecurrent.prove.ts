/** @file The golden tests of recurrent layers on WebGPU (101 rows, minutes on SwiftShader: every row builds its own kernels). */
import "./goldenRecurrent.test.ts";

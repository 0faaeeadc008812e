/** @file What compilation may know of a GPU device. */
import type { Target } from "../ir/device.ts";
import { gemmParts, gemmTile } from "../templates/gemmTile.ts";
import * as templates from "../templates/library.ts";

/**
 * The target of a device with these limits. `software`: a CPU renderer, where workgroup memory and barriers
 * are slow.
 */
export function webGpuTarget(limits: GPUSupportedLimits, software: boolean): Target {
  return {
    name: "webgpu",
    templates,
    lanes: 4,
    maxBindings: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    software,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupSize: limits.maxComputeInvocationsPerWorkgroup,
    workgroupSize: 64,
    // SwiftShader, 2026-11-22: a barrier costs microseconds there, so longer rows are walked by one invocation.
    narrowRow: software ? 256 : 32,
    gemmTile: (m, n, k) => gemmTile(software, m, n, k),
    gemmParts: (batch, m, n, k) => gemmParts(software, batch, m, n, k),
  };
}

/** @file What compilation may know of a GPU device. */
import type { Target } from "../ir/device.ts";
import { gemmParts, gemmTile, quadTile } from "../templates/gemmTile.ts";
import * as templates from "../templates/library.ts";

/**
 * The target of a device with these limits. `software`: a CPU renderer, where workgroup memory and barriers
 * are slow; `quads`: one whose subgroups are of four invocations.
 */
export function webGpuTarget(limits: GPUSupportedLimits, software: boolean, quads = false): Target {
  const tileOf: Target["gemmTile"] = (m, n, k, batch = 1) =>
    (quads ? quadTile(m, n, k, batch) : null) ?? gemmTile(software, m, n, k);
  return {
    name: "webgpu",
    templates,
    lanes: 4,
    maxBindings: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    software,
    quads,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupSize: limits.maxComputeInvocationsPerWorkgroup,
    workgroupSize: 64,
    // A barrier costs microseconds on a CPU renderer: softmax of 512 rows of 1024 takes 27 ms by one invocation a row, 78 by 64
    // (SwiftShader, npm webgpu 0.6.2, 2026-11-24).
    narrowRow: software ? 1 << 20 : 32,
    gemmTile: tileOf,
    gemmParts: (batch, m, n, k) => gemmParts(software, batch, m, n, k, tileOf(m, n, k, batch)),
  };
}

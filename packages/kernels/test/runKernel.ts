/** @file Runs one generated kernel on a GPUDevice, in a page or in Node. */
import { emitWgsl, workgroupCount, workgroupCounts } from "../src/codegen/index.ts";
import type { Kernel } from "../src/ir/kernel.ts";

export type Words = Float32Array | Int32Array | Uint32Array;

/** GPUBufferUsage by value: Node has no such globals. */
const storage = 0x80 | 0x4 | 0x8;
const uniform = 0x40 | 0x8;

function bufferOf(device: GPUDevice, data: Words, usage: number): GPUBuffer {
  const size = Math.max(16, Math.ceil(data.byteLength / 16) * 16);
  const buffer = device.createBuffer({ size, usage });
  device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return buffer;
}

/** The words of a call: float params are given as their bits; a side kernel's workgroup counts are filled in. */
export function callParams(kernel: Kernel, words: readonly number[]): Uint32Array<ArrayBuffer> {
  const params = new Uint32Array(Math.max(4, Math.ceil(kernel.numParams / 4) * 4));
  params.set(words.map((word) => word >>> 0));
  if (kernel.form === "side")
    params.set(workgroupCounts(kernel, params), kernel.numParams - kernel.parts.length);
  return params;
}

const pipelines = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();

/** The pipeline of a kernel; equal WGSL is compiled once per device, since compilation dominates these tests. */
function pipelineOf(device: GPUDevice, kernel: Kernel): Promise<GPUComputePipeline> {
  const { code, label } = emitWgsl(kernel);
  const known = pipelines.get(device) ?? new Map<string, Promise<GPUComputePipeline>>();
  pipelines.set(device, known);
  const pipeline = known.get(code) ?? compile(device, code, label);
  known.set(code, pipeline);
  return pipeline;
}

async function compile(device: GPUDevice, code: string, label: string): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ code, label });
  const problems = (await module.getCompilationInfo()).messages.filter(({ type }) => type === "error");
  if (problems.length > 0) {
    const lines = code
      .split("\n")
      .map((line, i) => `${i + 1}: ${line}`)
      .join("\n");
    const errors = problems.map(({ lineNum, message }) => `${lineNum}: ${message}`).join("\n");
    throw new Error(`${errors}\n${lines}`);
  }
  return device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
}

/** Pipeline, bind group and workgroups of a kernel, ready to encode. */
export async function prepare(
  device: GPUDevice,
  kernel: Kernel,
  data: readonly Words[],
  words: readonly number[],
  workgroups?: number,
) {
  const pipeline = await pipelineOf(device, kernel);
  const buffers = data.map((array) => bufferOf(device, array, storage));
  const params = callParams(kernel, words);
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  if (kernel.numParams > 0) {
    entries.push({ binding: buffers.length, resource: { buffer: bufferOf(device, params, uniform) } });
  }
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return { pipeline, group, buffers, groups: workgroups ?? workgroupCount(kernel, params) };
}

/** Runs a kernel once (a template with its own `workgroups`); afterwards `data` holds what its buffers hold. `data[i]` backs binding i. */
export async function runKernel(
  device: GPUDevice,
  kernel: Kernel,
  data: readonly Words[],
  words: readonly number[],
  workgroups?: number,
): Promise<void> {
  const { pipeline, group, buffers, groups } = await prepare(device, kernel, data, words, workgroups);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(Math.min(groups, 32768), Math.ceil(groups / 32768));
  pass.end();
  const staging = buffers.map((buffer) => device.createBuffer({ size: buffer.size, usage: 0x1 | 0x8 }));
  buffers.forEach((buffer, i) => encoder.copyBufferToBuffer(buffer, 0, staging[i]!, 0, buffer.size));
  device.queue.submit([encoder.finish()]);
  await Promise.all(staging.map((buffer) => buffer.mapAsync(1)));
  data.forEach((array, i) => {
    const bytes = new Uint8Array(staging[i]!.getMappedRange(), 0, array.byteLength);
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes);
  });
  for (const buffer of [...buffers, ...staging]) buffer.destroy();
}

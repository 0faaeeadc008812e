// What the device can do at most, measured by two kernels of our own: fused multiply-adds and copying.

export interface Peaks {
  /** 1e9 floating-point operations per second, f32. */
  gigaflops: number;
  /** 1e9 bytes read and written per second. */
  gigabytes: number;
}

const workgroupSize = 256;

/** Independent chains of vec4 multiply-adds, so that latency hides; the store keeps them from being dropped. */
const arithmetic = { fewestGroups: 16, mostGroups: 8192, turns: 256, chains: 8 };
const flopsPerGroup = workgroupSize * arithmetic.turns * arithmetic.chains * 4 * 2;

const names = Array.from({ length: arithmetic.chains }, (_, chain) => `a${chain}`);
const arithmeticCode = `
@group(0) @binding(0) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(result[0].x);
  ${names.map((name, chain) => `var ${name} = vec4f(f32(id.x + ${chain}u));`).join("\n  ")}
  for (var turn = 0u; turn < ${arithmetic.turns}u; turn++) {
    ${names.map((name) => `${name} = fma(${name}, factor, factor);`).join("\n    ")}
  }
  let sum = ${names.join(" + ")};
  if (sum.x == 1.5) { result[id.x % 16u] = sum; }
}`;

const copyCode = `
@group(0) @binding(0) var<storage, read_write> written: array<vec4f>;
@group(0) @binding(1) var<storage, read> original: array<vec4f>;
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3u) {
  written[id.x] = original[id.x];
}`;

function pipelineOf(device: GPUDevice, code: string): GPUComputePipeline {
  const module = device.createShaderModule({ code });
  return device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
}

/** The quickest of a few samples, each long enough that issuing it does not count. */
async function millisecondsPerDispatch(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  buffers: GPUBuffer[],
  groups: number,
): Promise<number> {
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const sample = async (count: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let index = 0; index < count; index++) pass.dispatchWorkgroups(groups);
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / count;
  };
  const first = await sample(1);
  const count = Math.max(1, Math.min(200, Math.round(50 / first)));
  const samples: number[] = [];
  for (let index = 0; index < 5; index++) samples.push(await sample(count));
  return Math.min(...samples);
}

export async function measurePeaks(gpu: GPU): Promise<Peaks> {
  const device = await (await gpu.requestAdapter())!.requestDevice();
  const usage = GPUBufferUsage.STORAGE;
  // 64 MiB each way: more than the caches of most devices hold.
  const copyBytes = 2 ** 26;
  const copyGroups = copyBytes / 16 / workgroupSize;
  const buffer = (size: number) => device.createBuffer({ size, usage });
  const [small, to, from] = [buffer(256), buffer(copyBytes), buffer(copyBytes)];
  const arithmeticPipeline = pipelineOf(device, arithmeticCode);
  const arithmeticTime = (groups: number) =>
    millisecondsPerDispatch(device, arithmeticPipeline, [small], groups);
  // As many groups as fill about 20 ms: a software adapter would take minutes for what a GPU needs to be busy.
  const { fewestGroups, mostGroups } = arithmetic;
  const fewMs = await arithmeticTime(fewestGroups);
  const groups = Math.max(fewestGroups, Math.min(mostGroups, Math.round((fewestGroups * 20) / fewMs)));
  const arithmeticMs = await arithmeticTime(groups);
  const copyMs = await millisecondsPerDispatch(device, pipelineOf(device, copyCode), [to, from], copyGroups);
  device.destroy();
  return {
    gigaflops: (flopsPerGroup * groups) / arithmeticMs / 1e6,
    gigabytes: (2 * copyBytes) / copyMs / 1e6,
  };
}

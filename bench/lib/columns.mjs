/** @file The columns of the report's tables. A column is a title and a function from a variant's result to its cell. */
import { backends } from "./backends.mjs";

export const number = (value, digits = 2) =>
  value === null || value === undefined ? "" : Number(value.toFixed(digits)).toString();

const count = (name) => (result) => number(result.perStep[name], 1);

/** Of a figure per second only what the workload states. */
const perSecond = (amount, { msPerStep }) =>
  amount === undefined ? "" : number(amount / msPerStep / 1e6, 2);

const milliseconds = ({ msPerStep }) => number(msPerStep, msPerStep < 1 ? 3 : 2);

const time = (backend) => ({
  "ms / step": milliseconds,
  "steps / s": ({ msPerStep }) => number(1000 / msPerStep, 1),
  "script ms / step": ({ stepScriptMs }) => number(stepScriptMs, 3),
  "page CPU ms / step": ({ pageCpuMsPerStep }) => number(pageCpuMsPerStep),
  [backends[backend].cpuColumn]: ({ processCpuMsPerStep }) => number(processCpuMsPerStep, 1),
  "rounds x steps": ({ rounds, steps }) => `${rounds} x ${steps}`,
  "s / 60,000 samples": ({ msPerStep }, { work }) =>
    work?.samples === undefined ? "" : number((msPerStep * 60) / work.samples),
  "GFLOP / s": (result, { work }) => perSecond(work?.flops, result),
  "GB / s": (result, { work }) => perSecond(work?.bytes, result),
  "last loss": ({ losses }) => losses.at(-1).toPrecision(7),
  "loss differs by": ({ lossDifference }) => lossDifference.toExponential(1),
});

const gpuCounts = {
  dispatches: count("dispatches"),
  passes: count("passes"),
  submits: count("submits"),
  "bind groups": count("bindGroups"),
  "buffers made": count("buffersCreated"),
  "bytes written": count("bytesWritten"),
  readbacks: count("readbacks"),
  "pipelines, warm": count("pipelines"),
};

const threadTimes = {
  "in WebAssembly, ms / step": ({ wasmMsPerStep }) => number(wasmMsPerStep, 3),
  "outside of it, ms / step": ({ outsideMsPerStep }) => number(outsideMsPerStep, 3),
  "worker threads": ({ workers }) => workers,
};

const start = {
  "first step after, ms": ({ coldStartMs }) => number(coldStartMs, 0),
  "script, KB gzip": ({ gzipBytes }) => number(gzipBytes / 1000, 1),
};

const gpuStart = {
  "first step after, ms": start["first step after, ms"],
  "pipelines for it": ({ pipelinesFirstStep }) => pipelinesFirstStep,
  "pipelines in all": ({ pipelines }) => pipelines,
  "script, KB gzip": start["script, KB gzip"],
  "GPU memory at most, MB": ({ peakBytes }) => number(peakBytes / 1e6, 1),
};

const freshPage =
  "A fresh page, from navigation to the loss of the first step; script as that page loaded it";

/** The tables of a workload, each with the words before it. */
export const tables = {
  webgpu: [
    { columns: time("webgpu") },
    { words: "Asked of WebGPU per step, after warm-up:", columns: gpuCounts },
    { words: `${freshPage}:`, columns: gpuStart },
  ],
  cpu: [
    { columns: time("cpu") },
    { words: "The page's thread, where we can look into it, and threads beside it:", columns: threadTimes },
    { words: `${freshPage}, with WebAssembly files:`, columns: start },
  ],
};

const overviewTime = {
  "ms / step": ({ msPerStep }) => number(msPerStep, msPerStep < 10 ? 2 : 1),
  "page CPU ms / step": ({ pageCpuMsPerStep }) => number(pageCpuMsPerStep),
};

/** Of ours in one thread and in two, in the second overview. */
export const threadColumns = {
  "ms / step": overviewTime["ms / step"],
  [backends.cpu.cpuColumn]: ({ processCpuMsPerStep }) => number(processCpuMsPerStep, 1),
};

/** The columns of the overview beside the ratios. */
export const overviewColumns = {
  webgpu: {
    ...overviewTime,
    dispatches: count("dispatches"),
    submits: count("submits"),
    "memory, MB": ({ peakBytes }) => number(peakBytes / 1e6, 1),
    pipelines: ({ pipelines }) => pipelines,
  },
  cpu: {
    ...overviewTime,
    [backends.cpu.cpuColumn]: ({ processCpuMsPerStep }) => number(processCpuMsPerStep, 1),
    "first step after, ms": start["first step after, ms"],
    "script, KB gzip": start["script, KB gzip"],
  },
};

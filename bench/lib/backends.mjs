/** @file What measuring and reporting have to know of each backend; all else is the page's own knowledge. */

export const backends = {
  webgpu: {
    title: "Benchmark results",
    command: "npm run bench",
    report: "RESULTS.md",
    data: "results.json",
    /** Type of the processes that compute. */
    process: "GPU",
    cpuColumn: "GPU-process CPU ms / step",
    cpuTime: "GPU-process CPU time",
    caution: "On a software adapter, trust counts and CPU time before wall time.",
  },
  cpu: {
    title: "Benchmark results of the cpu backend",
    command: "npm run bench -- --backend=cpu",
    report: "RESULTS-cpu.md",
    data: "results-cpu.json",
    process: "renderer",
    cpuColumn: "all threads' CPU ms / step",
    cpuTime: "CPU time in all threads",
    caution:
      "Tenrec computes in the page's thread, unless its variant names threads; the others start as many threads as they choose to. What is not WebAssembly counts as outside of kernels: recording, queueing, promises, and kernels that still run as JavaScript.",
  },
};

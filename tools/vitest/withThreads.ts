/**
 * Set-up of the ring `threads`: the cpu backend computes in two threads, which share the smallest steps as well, and that of the device
 * naps before its first chunk of a step: it would have done most steps before a Worker is awake.
 */
import { pretendThreads } from "@tenrec/kernels/testing";
import { type Step, ThreadPool } from "../../packages/kernels/src/cpu/threads/pool.ts";

const napMilliseconds = 0.02;

pretendThreads({
  threads: 2,
  workerUrl: new URL("../../packages/kernels/test/threadWorker.mjs", import.meta.url),
  smallestStep: 64,
  chunkCost: 16,
});

const { run } = ThreadPool.prototype;
const never = new Int32Array(new SharedArrayBuffer(4));

ThreadPool.prototype.run = function (step: Step, call: number): void {
  let isFirst = true;
  const runRested: Step["run"] = (...args) => {
    if (isFirst) Atomics.wait(never, 0, 0, napMilliseconds);
    isFirst = false;
    step.run(...args);
  };
  run.call(this, { ...step, run: runRested }, call);
};

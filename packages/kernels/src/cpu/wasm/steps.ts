/** @file What a call runs: one function, or where several threads share it, functions one after another. */
import type { StepFunction } from "../threads/control.ts";
import type { Step, ThreadPool } from "../threads/pool.ts";
import type { Work } from "../threads/work.ts";

/** A function of a call, once the module is there. */
export interface WasmStep extends Work, Omit<Step, "program" | "run"> {
  program: number;
  run: StepFunction;
}

/** For each batch: the steps of a block, for all blocks, then those of the whole. Turns number the blocks of all batches. */
export interface Steps {
  readonly batches: number;
  readonly blocks: number;
  readonly ofBlock: readonly WasmStep[];
  readonly ofBatch: readonly WasmStep[];
}

/** Runs the steps; `setTurn` tells functions whose turn it is. */
export function runSteps(
  { batches, blocks, ofBlock, ofBatch }: Steps,
  address: number,
  threads: ThreadPool,
  setTurn: (turn: number) => void,
): void {
  for (let batch = 0; batch < batches; batch++) {
    for (let turn = batch * blocks; turn < (batch + 1) * blocks; turn++) {
      setTurn(turn);
      for (const step of ofBlock) runStep(step, address, threads);
    }
    setTurn(batch * blocks);
    for (const step of ofBatch) runStep(step, address, threads);
  }
}

function runStep(step: WasmStep, address: number, threads: ThreadPool): void {
  if (step.chunks === 1) step.run(address, 0, step.units, 0);
  else threads.run(step, address);
}

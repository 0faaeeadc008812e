/** @file Runs compiled bodies: rows, blocks and phases in a fixed order. */
import type { BodyProgram, Phase } from "../bodySpec.ts";
import type { Nest } from "../nest.ts";
import { blockSize } from "../nest.ts";
import { runSteps } from "./step.ts";

export function runBody(program: BodyProgram): void {
  const { nest, once, row } = program;
  if (nest.outerExtent === 0 || (nest.blockExtent === 0 && !nest.lanesInside)) return;
  const width = Math.min(blockSize, nest.blockExtent);
  runSteps(once, width);
  do {
    runSteps(row, width);
    if (nest.lanesInside) runRow(program, width);
    else runLanes(program, 0, nest.blockExtent);
  } while (advance(nest, nest.outer));
}

/** Block elements `start` to `end` of a body of one row axis before the block (the batch of a matrix product). */
export function runPart(program: BodyProgram, batch: number, start: number, end: number): void {
  const { nest, once, row } = program;
  nest.position[0] = batch;
  const width = Math.min(blockSize, end - start);
  runSteps(once, width);
  runSteps(row, width);
  runLanes(program, start, end);
}

/** Lanes are elements of one row. */
function runRow({ nest, phases }: BodyProgram, width: number): void {
  for (let i = 0; i < phases.length; i++) {
    const phase = phases[i]!;
    runSteps(phase.setup, width);
    runSteps(phase.reset, 1);
    if (phase.body.length > 0) passInside(phase, nest);
    runSteps(phase.finish, 1);
  }
}

function passInside({ body }: Phase, nest: Nest): void {
  const { position, blockExtent, sequential } = nest;
  if (nest.sequentialExtent === 0) return;
  const last = position.length - 1;
  let linear = 0;
  do {
    for (let start = 0; start < blockExtent; start += blockSize) {
      position[last - 1] = start;
      position[last] = linear + start;
      runSteps(body, Math.min(blockSize, blockExtent - start));
    }
    linear += blockExtent;
  } while (advance(nest, sequential));
}

/** Lanes are rows, or elements where nothing is reduced. */
function runLanes({ nest, phases }: BodyProgram, first: number, end: number): void {
  const { position } = nest;
  for (let start = first; start < end; start += blockSize) {
    position[position.length - 2] = start;
    const count = Math.min(blockSize, end - start);
    for (let i = 0; i < phases.length; i++) {
      const phase = phases[i]!;
      runSteps(phase.setup, count);
      runSteps(phase.reset, count);
      if (phase.body.length > 0) passOutside(phase, nest, count);
      runSteps(phase.finish, count);
    }
  }
}

function passOutside({ body }: Phase, nest: Nest, count: number): void {
  const { position, sequential } = nest;
  if (nest.sequentialExtent === 0) return;
  let linear = 0;
  do {
    position[position.length - 1] = linear++;
    runSteps(body, count);
  } while (advance(nest, sequential));
}

/** Counts `axes` up by one, the last first; false (and all 0) after the last position. */
function advance({ position, extents }: Nest, axes: readonly number[]): boolean {
  for (let i = axes.length - 1; i >= 0; i--) {
    const axis = axes[i]!;
    if (++position[axis]! < extents[axis]!) return true;
    position[axis] = 0;
  }
  return false;
}

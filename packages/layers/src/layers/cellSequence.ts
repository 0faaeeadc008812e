/** @file A cell run through a sequence: by its own way, or step by step with ops.scan. */
import { ops, type Tensor, ValueError } from "@tenrec/tensor";
import type { Values } from "../layer.ts";
import { inFloat32 } from "../precision.ts";
import {
  type CellCallOptions,
  outputSizeOf,
  type RecurrentCell,
  type SequenceOptions,
  type SequenceResult,
} from "./recurrentCell.ts";

/** Runs the cell over [batch, steps, ...]. */
export function runCell(cell: RecurrentCell, x: Tensor, options: SequenceOptions): SequenceResult {
  return cell.runSequence?.(x, options) ?? runSteps(cell, x, options);
}

const stepFirst = (sequence: Tensor): Tensor => ops.swapaxes(sequence, 0, 1);

function runSteps(
  cell: RecurrentCell,
  x: Tensor,
  { states, mask, unroll, training }: SequenceOptions,
): SequenceResult {
  const step = (inputs: Tensor, before: readonly Tensor[]): Tensor[] => {
    const found = cell.apply<readonly Tensor[]>(inputs, { states: before, training } as CellCallOptions);
    if (Array.isArray(found) && found.length === before.length + 1)
      return [...(inFloat32(found) as readonly Tensor[])];
    throw wrongStep(cell.name, found, before.length);
  };
  const counts = mask ? [stepFirst(ops.reshape(mask, [...mask.shape, 1]))] : [];
  const [last, outputs] = ops.scan<Tensor[], [Tensor, Tensor?], Tensor>(
    (before, [inputs, isCounted]) => {
      const next = step(inputs, before.slice(-states.length));
      const all = isCounted ? next.map((value, i) => ops.where(isCounted, value, before[i] as Tensor)) : next;
      return [all.slice(-before.length), all[0] as Tensor];
    },
    mask ? [outputBefore(cell, states), ...states] : states,
    [stepFirst(x), ...counts],
    { unroll },
  );
  const lastOutput = ops.take(outputs, (outputs.shape[0] as number) - 1, { axis: 0 });
  return { outputs: stepFirst(outputs), lastOutput, states: last.slice(-states.length) };
}

/** What masked steps repeat before any output: the first state, as in Keras, if it is of an output's size. */
function outputBefore(cell: RecurrentCell, [state]: readonly Tensor[]): Tensor {
  const [batch = 0, size] = (state as Tensor).shape;
  const wanted = outputSizeOf(cell);
  return size === wanted ? (state as Tensor) : ops.zeros([batch, wanted]);
}

function wrongStep(where: string, found: Values, numStates: number): ValueError {
  return new ValueError(where, "the cell's call does not give an output and its states.", {
    received: Array.isArray(found) ? `${found.length} tensors.` : String(found),
    expected: `[output, ...states]: ${numStates + 1} tensors.`,
    fix: "return [output, ...states] from call.",
  });
}

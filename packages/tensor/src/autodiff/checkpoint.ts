/** @file checkpoint: memory for time, by computing values of the forward pass again in the backward pass. */
import { capture, makeBody } from "../control/body.ts";
import { recordCheckpoint } from "../control/checkpoint.ts";
import { fillStructure, structureOf } from "../control/loop.ts";
import { assignStates, traceBody, valuesOutside } from "../control/trace.ts";
import { part } from "../primitives/bundle.ts";
import { refusePromise } from "../runtime/scope.ts";
import { wrap } from "../tensor.ts";
import { settleAssignment } from "../variable.ts";

/**
 * The same function, for which gradients keep nothing but what goes in: what it computes inside is computed again when the backward pass
 * gets there. A stack of n such blocks holds n inputs and the inside of one block, for the time of one more forward pass.
 *
 * The function is traced at every call. Variables may be read and assigned inside; random draws are the same ones both times.
 * Gradients of any order, in compiled functions and without, under tapes and in `grad`.
 *
 * @param fn - A synchronous function of any arguments; it returns tensors, possibly nested in arrays and plain records. Tensors that it
 *   makes cannot leave it in another way.
 * @throws ValueError if it returns a promise or something that is no value; StateError if it makes a Variable.
 * @see jax.checkpoint and keras.remat; Chen et al., Training deep nets with sublinear memory cost (2016)
 * @example
 * const block = checkpoint((x) => ops.gelu(x.matmul(w1)).matmul(w2));
 * const y = block(block(x));
 */
export function checkpoint<A extends readonly unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const traced = traceBody("checkpoint", [], () => {
      const result = refusePromise("checkpoint", fn(...args));
      const { nodes, tree } = structureOf("checkpoint", "the result", result);
      return { outputs: nodes, result: tree };
    });
    const { states, stateLeaves, outputs, stateValues, window, trace, foreign } = traced;
    for (const state of states) settleAssignment(state);
    const windows = [window];
    const captured = capture({
      leaves: stateLeaves,
      outputs: [...outputs, ...stateValues],
      windows,
      foreign,
    });
    const leaves = [...stateLeaves, ...captured.leaves];
    const body = makeBody({ leaves, outputs: captured.outputs, windows, traces: [trace] });
    const node = recordCheckpoint(body, [...valuesOutside(states), ...captured.outside]);
    const results = [...outputs, ...states].map((_, i) => part(node, i));
    assignStates(states, results.slice(outputs.length));
    return fillStructure(traced.result, results.slice(0, outputs.length), wrap) as R;
  };
}

// LSTM and GRU in jax-js: it has no scan, so the time steps are unrolled in the trace.
import { type Array as JaxArray, nn, numpy as np } from "@jax-js/jax";
import {
  type ArrayBatch,
  type Arrays,
  type LossOf,
  meanSquaredError,
  startJax,
  trainingRun,
} from "../libraries/jaxjs.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { batchSize, features, steps, units } from "./recurrent.ts";

/** The inputs of all steps in one product: [batch, time, gates]. */
function inputProducts(x: JaxArray, kernel: JaxArray, bias: JaxArray): JaxArray {
  const rows = np.dot(x.reshape([batchSize * steps, features]), kernel).add(bias);
  return rows.reshape([batchSize, steps, -1]);
}

const dense = (state: JaxArray, weights: Arrays): JaxArray =>
  np.dot(state, weights["dense/kernel"]!).add(weights["dense/bias"]!);

function lstmLoss(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const inputs = inputProducts(x, weights["lstm/kernel"]!, weights["lstm/bias"]!);
  const recurrent = weights["lstm/recurrent_kernel"]!;
  let state = np.zeros([batchSize, units]);
  let cell = np.zeros([batchSize, units]);
  for (let step = 0; step < steps; step++) {
    const gates = inputs.ref.slice([], step).add(np.dot(state, recurrent.ref));
    const [input, forget, candidate, output] = np.split(gates, 4, 1) as [
      JaxArray,
      JaxArray,
      JaxArray,
      JaxArray,
    ];
    cell = nn
      .sigmoid(forget)
      .mul(cell)
      .add(nn.sigmoid(input).mul(np.tanh(candidate)));
    state = nn.sigmoid(output).mul(np.tanh(cell.ref));
  }
  for (const rest of [inputs, recurrent, cell]) rest.dispose();
  return [meanSquaredError(dense(state, weights), y), {}];
}

function gruLoss(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const bias = weights["gru/bias"]!;
  const inputs = inputProducts(x, weights["gru/kernel"]!, bias.ref.slice(0));
  const stateBias = bias.slice(1);
  const recurrent = weights["gru/recurrent_kernel"]!;
  let state = np.zeros([batchSize, units]);
  for (let step = 0; step < steps; step++) {
    const product = np.dot(state.ref, recurrent.ref).add(stateBias.ref);
    const [xz, xr, xh] = np.split(inputs.ref.slice([], step), 3, 1) as [JaxArray, JaxArray, JaxArray];
    const [hz, hr, hh] = np.split(product, 3, 1) as [JaxArray, JaxArray, JaxArray];
    const update = nn.sigmoid(xz.add(hz));
    const candidate = np.tanh(xh.add(nn.sigmoid(xr.add(hr)).mul(hh)));
    state = update.ref.mul(state).add(np.subtract(1, update).mul(candidate));
  }
  for (const rest of [inputs, recurrent, stateBias]) rest.dispose();
  return [meanSquaredError(dense(state, weights), y), {}];
}

const starter =
  (lossOf: LossOf) =>
  async (problem: TrainingProblem): Promise<Run> => {
    await startJax();
    return trainingRun(problem, lossOf);
  };

export const startLstm = starter(lstmLoss);
export const startGru = starter(gruLoss);

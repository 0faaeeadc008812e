// LSTM and GRU through Tenrec's layers API.
import { layers, Sequential } from "tenrec";
import { fitRun, meanSquaredError, startTenrec, tapeRun } from "../libraries/tenrec.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { units } from "./recurrent.ts";

/** The problem's weights name the layer. */
function createModel({ weights }: TrainingProblem): Sequential {
  const recurrent = "lstm/kernel" in weights ? new layers.LSTM(units) : new layers.GRU(units);
  return new Sequential([recurrent, new layers.Dense(1)]);
}

export async function startTape(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return tapeRun(problem, createModel(problem), meanSquaredError);
}

export async function startFit(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return fitRun(problem, createModel(problem), { loss: meanSquaredError });
}

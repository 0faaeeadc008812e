// The CNN through Tenrec's layers API.
import { layers, Sequential } from "tenrec";
import { crossEntropy, fitRun, startTenrec, tapeRun } from "../libraries/tenrec.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { classes } from "./cnn.ts";

const createModel = () =>
  new Sequential([
    new layers.Conv2D(32, 3, { activation: "relu" }),
    new layers.MaxPooling2D({ poolSize: 2 }),
    new layers.Conv2D(64, 3, { activation: "relu" }),
    new layers.MaxPooling2D({ poolSize: 2 }),
    new layers.Flatten(),
    new layers.Dense(classes),
  ]);

export async function startTape(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return tapeRun(problem, createModel(), crossEntropy);
}

export async function startFit(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return fitRun(problem, createModel(), { loss: crossEntropy });
}

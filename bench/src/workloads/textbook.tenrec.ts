// The textbook network through Tenrec's layers API.
import { layers, optimizers, Sequential } from "tenrec";
import { fitRun, startTenrec } from "../libraries/tenrec.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { classes, hidden, optimizer } from "./textbook.ts";

export async function start(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  const model = new Sequential([
    new layers.Dense(hidden, { activation: "relu" }),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);
  return fitRun(problem, model, {
    optimizer: new optimizers.RMSprop(optimizer),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
}

// Predictions at batch 1 through Tenrec's layers API.
import { layers, Sequential } from "tenrec";
import { setWeights, startTenrec, toTensor } from "../libraries/tenrec.ts";
import { awaitedRun } from "../run.ts";
import type { Run } from "../types.ts";
import { classes, features, hidden, type PredictProblem, steps } from "./predict.ts";

export async function start({ weights, sample }: PredictProblem): Promise<Run> {
  await startTenrec();
  const model = new Sequential([
    new layers.Dense(hidden, { activation: "relu" }),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);
  model.build([null, features]);
  setWeights(model, weights);
  const x = toTensor(sample);
  return awaitedRun(steps, async () => {
    const prediction = await model.predict(x);
    const data = await prediction.data();
    prediction.dispose();
    return data[0]!;
  });
}

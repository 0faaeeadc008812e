// The table of workloads: adding one here and its sides per library is all that a new benchmark takes.
import type { Workload } from "../types.ts";
import { cnn32, cnn128 } from "./cnn.ts";
import { mlp } from "./mlp.ts";
import { operationWorkloads } from "./operations.ts";
import { predict } from "./predict.ts";
import { gru, lstm } from "./recurrent.ts";
import { resnet } from "./resnet.ts";
import { textbook } from "./textbook.ts";
import { gpt, transformer } from "./transformer.ts";

export { largeOperations } from "./operations.ts";

export const workloads = [
  mlp,
  textbook,
  predict,
  cnn32,
  cnn128,
  resnet,
  lstm,
  gru,
  transformer,
  gpt,
  ...operationWorkloads,
] as readonly Workload[];

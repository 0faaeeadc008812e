/** @file Errors of too little memory, told with the bytes by layer. */
import type { Model } from "../models/model.ts";
import type { Trainer } from "./trainer.ts";

/** What `run` gives; if the device has too little memory for it, an error with a table. `trainer`: whose optimizer counts, if there is one. */
export async function withTable<T>(
  where: string,
  model: Model,
  trainer: Trainer | null,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if ((error as Error).name !== "MemoryError") throw error;
    const { tell } = await import("./memoryTable.ts");
    throw tell(where, model, trainer, error as Error);
  }
}

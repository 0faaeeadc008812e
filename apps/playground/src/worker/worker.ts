/** The worker's entry: the first message chooses the backend and the Project, the rest are orders. */

import { init } from "tenrec";
import { problemFrom } from "./problems.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { Trainer } from "./trainer.ts";

/** The part of DedicatedWorkerGlobalScope in use; the page's DOM types do not have it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const send = (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

let trainer: Trainer | undefined;

async function open(order: Extract<ToWorker, { type: "open" }>): Promise<void> {
  trainer = new Trainer(order.project, order.checkpoint, send);
  try {
    const info = await init({ backend: order.backend });
    send({ type: "ready", info });
    await trainer.run();
  } catch (error) {
    send({ type: "problem", problem: problemFrom(error, 0) });
  }
}

scope.onmessage = ({ data: order }) => {
  if (order.type === "open") void open(order);
  else trainer?.order(order);
};

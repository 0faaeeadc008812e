/** @file Reading values back. How they come is the engine's (`readback.ts`). */
import type { Node } from "../graph/node.ts";
import type { HostData } from "./memory.ts";
import { openRuntime, ready } from "./runtime.ts";

export async function readNode(node: Node): Promise<HostData> {
  const [data] = await readNodes([node]);
  return data as HostData;
}

/**
 * Reads several values with one flush. With an open device the read is queued before this returns, so nothing that comes later in the
 * program changes it; until there is a device, the values are held.
 */
export function readNodes(nodes: readonly Node[]): Promise<HostData[]> {
  for (const node of nodes) node.uses++;
  const runtime = openRuntime();
  if (runtime) return runtime.engine.queueReads(runtime, nodes);
  return ready().then((opened) => opened.engine.queueReads(opened, nodes));
}

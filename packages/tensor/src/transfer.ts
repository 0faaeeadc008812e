/** @file Moving values: many reads at once, joining rows by copies, back-pressure, memory figures. */

import { ShapeError } from "./graph/errors.ts";
import { bytesOf } from "./graph/node.ts";
import { typeText } from "./graph/shape.ts";
import { pick } from "./primitives/pick.ts";
import { flush } from "./runtime/flush.ts";
import { useNode } from "./runtime/handles.ts";
import { dataNode } from "./runtime/leaf.ts";
import { type Block, type HostData, Memory } from "./runtime/memory.ts";
import { readNodes } from "./runtime/read.ts";
import { openRuntime, requireRuntime } from "./runtime/runtime.ts";
import { Tensor, wrap } from "./tensor.ts";

/** Values of several tensors and variables, with one evaluation and one readback per buffer. */
export function readAll(tensors: readonly Tensor[]): Promise<HostData[]> {
  return readNodes(tensors.map(useNode));
}

/** null while the device keeps up; else a promise to await before queueing more (at most 3 submits are in flight). */
export function throttle(): Promise<void> | null {
  return openRuntime()?.device.throttle() ?? null;
}

/**
 * Rows of x at integer positions, without a gradient: for data. `ops.take` is the same with one.
 *
 * @example pickRows(tensor([[1, 2], [3, 4], [5, 6]]), tensor([2, 0], { dtype: "int32" })); // [[5, 6], [1, 2]]
 */
export function pickRows(x: Tensor, rows: Tensor): Tensor {
  return wrap(pick(useNode(x), useNode(rows), 0));
}

/**
 * Concatenates along axis 0 by copies, without a kernel.
 *
 * @param tensors - At least one; equal dtypes and equal shapes except for axis 0.
 */
export function joinRows(tensors: readonly Tensor[]): Tensor {
  const runtime = requireRuntime("joinRows");
  const nodes = tensors.map(useNode);
  const [first] = nodes;
  const fits =
    first &&
    nodes.every((n) => n.dtype === first.dtype && n.shape.slice(1).join() === first.shape.slice(1).join());
  if (!first || !fits) {
    throw new ShapeError("joinRows", "the tensors do not join along axis 0.", {
      received: nodes.map((n) => typeText(n.dtype, n.shape)).join(", ") || "no tensors.",
      expected: "at least one tensor, all of one dtype and one shape after axis 0.",
      fix: "reshape or cast the odd one.",
    });
  }
  const pending = nodes.filter((node) => !node.stored);
  if (pending.length > 0) flush(runtime, pending);
  const rows = nodes.reduce((sum, node) => sum + (node.shape[0] ?? 1), 0);
  const shape = [rows, ...first.shape.slice(1)];
  const bytes = nodes.reduce((sum, node) => sum + bytesOf(node), 0);
  const block = runtime.pool.take(bytes, "result");
  let offset = 0;
  for (const node of nodes) {
    const memory = runtime.resident(node.stored as Memory);
    runtime.device.copy((memory.block as Block).buffer, memory.offset, block.buffer, offset, bytesOf(node));
    offset += bytesOf(node);
  }
  return new Tensor(dataNode(shape, first.dtype, new Memory(bytes, block))).hold();
}

/** Device memory by owner ("variable", "slot", "result", ...), in bytes. */
export function memory(): { bytes: number; buffers: number; owners: Readonly<Record<string, number>> } {
  return openRuntime()?.device.memory() ?? { bytes: 0, buffers: 0, owners: {} };
}

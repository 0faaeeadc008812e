/** @file Joining rows by copies. */
import { ShapeError } from "./graph/errors.ts";
import { bytesOf, isHalf } from "./graph/node.ts";
import { typeText } from "./graph/shape.ts";
import { useNode } from "./runtime/handles.ts";
import { dataNode } from "./runtime/leaf.ts";
import { type Block, Memory } from "./runtime/memory.ts";
import { requireRuntime } from "./runtime/runtime.ts";
import { Tensor } from "./tensor.ts";

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
  if (isHalf(first)) return joinHalves(tensors);
  const pending = nodes.filter((node) => !node.stored);
  if (pending.length > 0) runtime.engine.flush(runtime, pending);
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

/** Copies are made of whole words, and rows of float16 may end within one. */
const joinHalves = (tensors: readonly Tensor[]): Tensor =>
  joinRows(tensors.map((x) => x.cast("float32"))).cast("float16");

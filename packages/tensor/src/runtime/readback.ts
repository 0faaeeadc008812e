/** @file Reads of stored values: queued at once, one read for values that lie together. */
import { isHalf, type Node } from "../graph/node.ts";
import { cast } from "../primitives/logic.ts";
import { flush } from "./flush.ts";
import { padded, typed, view } from "./host.ts";
import { ScalarNode } from "./leaf.ts";
import { type Block, type HostData, letGo, type Memory, recycled } from "./memory.ts";
import type { Runtime } from "./runtime.ts";

/** Evaluates what is pending, and reads; lets go of the uses that the caller counted. */
export function queueReads(runtime: Runtime, values: readonly Node[]): Promise<HostData[]> {
  const wide: Node[] = [];
  try {
    if (values.some((node) => node.released)) throw recycled();
    const nodes = values.map((node) => widened(node, wide));
    const pending = nodes.filter((node) => !node.stored && !(node instanceof ScalarNode));
    if (pending.length > 0) flush(runtime, pending);
    return readStored(runtime, nodes);
  } catch (error) {
    return Promise.reject(error);
  } finally {
    for (const node of [...wide, ...values]) {
      node.uses--;
      letGo(node);
    }
  }
}

/** Only devices have float16: it comes back as float32, by a value that is noted in `made`. */
function widened(node: Node, made: Node[]): Node {
  if (!isHalf(node)) return node;
  const wide = cast(node, "float32");
  wide.uses++;
  made.push(wide);
  return wide;
}

/** Values of one buffer that lie this close together come back in one read. */
const sharedReadBytes = 1 << 16;

interface Span {
  readonly block: Block;
  from: number;
  to: number;
}

/** One read per buffer where values lie close together (all small state of a model), else one per value. */
function readStored(runtime: Runtime, nodes: readonly Node[]): Promise<HostData[]> {
  const spans: Span[] = [];
  const places = nodes.map((node) =>
    isOnHost(node) ? null : placeIn(spans, runtime.resident(node.stored as Memory)),
  );
  const reads = new Map(
    spans.map((span) => [span, runtime.device.read(span.block.buffer, span.from, span.to - span.from)]),
  );
  return Promise.all(
    nodes.map(async (node, i) => {
      const place = places[i];
      if (!place) return hostValue(node);
      const start = place.offset - place.span.from;
      const bytes = await (reads.get(place.span) as Promise<ArrayBuffer>);
      return view(node.dtype, bytes.slice(start, start + place.bytes), node.shape.size);
    }),
  );
}

const isOnHost = (node: Node): boolean => node instanceof ScalarNode || (node.stored as Memory).host !== null;

function hostValue(node: Node): HostData {
  const data =
    node instanceof ScalarNode ? typed(node.dtype, [node.value]) : (node.stored as Memory).host?.slice();
  return view(node.dtype, (data as HostData).buffer as ArrayBuffer, node.shape.size);
}

function placeIn(
  spans: Span[],
  { block, offset, bytes }: Memory,
): { span: Span; offset: number; bytes: number } {
  const to = offset + padded(bytes);
  let span = spans.find(
    (s) => s.block === block && Math.max(s.to, to) - Math.min(s.from, offset) <= sharedReadBytes,
  );
  if (!span) {
    span = { block: block as Block, from: offset, to };
    spans.push(span);
  }
  span.from = Math.min(span.from, offset);
  span.to = Math.max(span.to, to);
  return { span, offset, bytes: padded(bytes) };
}

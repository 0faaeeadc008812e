/** @file For tests of the compiler: graphs over placeholders, compiled for a made-up GPU without any device. */
import type { Call, Plan, Target } from "@tenrec/kernels";
import { gemmParts, gemmTile } from "../../kernels/src/templates/gemmTile.ts";
import * as templates from "../../kernels/src/templates/library.ts";
import { type Compiled, type CompileOptions, compile, type Destination } from "../src/compile/compile.ts";
import { bytesOf, type Dtype, type Node } from "../src/graph/node.ts";
import type { TracedFunction } from "../src/runtime/compiled.ts";
import { placeholderNode } from "../src/runtime/leaf.ts";
import type { VariableState } from "../src/runtime/variableState.ts";

/** A software GPU with the bindings of the browsers' defaults. */
export function gpuLike(over: Partial<Target> = {}): Target {
  return {
    name: "webgpu",
    templates,
    lanes: 4,
    maxBindings: 10,
    maxBindingBytes: 2 ** 27,
    maxBufferBytes: 2 ** 28,
    software: true,
    workgroupBytes: 16384,
    maxWorkgroupSize: 256,
    workgroupSize: 64,
    narrowRow: 256,
    gemmTile: (m, n, k) => gemmTile(true, m, n, k),
    gemmParts: (batch, m, n, k) => gemmParts(true, batch, m, n, k),
    ...over,
  };
}

export const input = (shape: readonly number[], dtype: Dtype = "float32"): Node =>
  placeholderNode(shape, dtype);

/** Compiles roots over placeholders, each leaf in a buffer of its own. */
export function compileGraph(
  leaves: readonly Node[],
  roots: readonly Node[],
  target: Target = gpuLike(),
  options: CompileOptions = {},
): Compiled {
  return compile({
    label: "test",
    roots: roots.map((node, result) => ({ node, to: { result, offset: 0 } })),
    leafPlace: (node) => {
      const external = leaves.indexOf(node);
      return external < 0 ? null : { external, offset: 0 };
    },
    externals: leaves.map((node) => ({ bytes: roundUp(bytesOf(node), 16), arena: false })),
    numResults: roots.length,
    numScalars: 0,
    target,
    options,
  });
}

/** Groups of variables that lie one after another in one buffer. */
export interface Placing {
  /** Updated by one flat kernel, at multiples of 256 bytes. */
  readonly arenas: readonly (readonly VariableState[])[];
  /** Small state, at multiples of 16 bytes. */
  readonly state: readonly VariableState[];
}

/** Compiles a traced function whose variables lie as given; any others get a buffer each. */
export function compileTrace(
  traced: TracedFunction,
  placing: Placing,
  options: CompileOptions = {},
  target: Target = gpuLike(),
): Compiled {
  const places = new Map<VariableState, { external: number; offset: number }>();
  const externals = traced.inputs.map((node) => ({ bytes: roundUp(bytesOf(node), 16), arena: false }));
  const putTogether = (states: readonly VariableState[], step: number, arena: boolean): void => {
    let bytes = 0;
    for (const state of states) {
      places.set(state, { external: externals.length, offset: bytes });
      bytes += roundUp(bytesOf(state.current), step);
    }
    externals.push({ bytes, arena });
  };
  for (const arena of placing.arenas) putTogether(arena, 256, true);
  putTogether(placing.state, 16, false);
  for (const { state } of traced.all()) if (!places.has(state)) putTogether([state], 16, false);
  const leaves = new Map<Node, { external: number; offset: number }>();
  traced.inputs.forEach((node, external) => leaves.set(node, { external, offset: 0 }));
  for (const node of traced.captured) {
    leaves.set(node, { external: externals.length, offset: 0 });
    externals.push({ bytes: roundUp(bytesOf(node), 16), arena: false });
  }
  const placeOf = (state: VariableState) => places.get(state) as { external: number; offset: number };
  for (const { state, leaf } of traced.all()) leaves.set(leaf, placeOf(state));
  return compile({
    label: traced.name,
    roots: [
      ...traced.outputs.map((node, result): { node: Node; to: Destination } => ({
        node,
        to: { result, offset: 0 },
      })),
      ...traced.written().map(({ state, current }) => ({ node: current, to: placeOf(state) })),
    ],
    leafPlace: (node) => leaves.get(node) ?? null,
    externals,
    numResults: traced.outputs.length,
    numScalars: 0,
    target,
    options,
  });
}

export const callsOf = ({ plan }: { readonly plan: Plan }): Call[] =>
  plan.steps.flatMap((step) => (step.kind === "call" ? [step] : []));

/** Distinct pipelines of a plan. */
export const keysOf = (compiled: Compiled): string[] => [
  ...new Set(callsOf(compiled).map((call) => call.key)),
];

const roundUp = (bytes: number, step: number): number => Math.ceil(Math.max(bytes, 4) / step) * step;

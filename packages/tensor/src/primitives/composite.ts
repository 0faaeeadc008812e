/** @file Composites: operations that keep their name until kernels are chosen, with a decomposition into primitives. */
import type { Dtype } from "@tenrec/kernels";
import { vjp } from "../autodiff/vjp.ts";
import { type Attrs, type Node, newestId, type Primitive, release } from "../graph/node.ts";
import { at } from "./factory.ts";

export interface CompositeSpec {
  /** Shape of the result; that of the first input if absent. */
  readonly shape?: (inputs: readonly Node[], attrs: Attrs) => readonly number[];
  readonly dtype: (inputs: readonly Node[], attrs: Attrs) => Dtype;
  readonly decompose: (inputs: readonly Node[], attrs: Attrs) => Node;
  readonly vjp: Primitive["vjp"];
  readonly reference?: NonNullable<Primitive["reference"]>;
}

export function composite(name: string, spec: CompositeSpec): Primitive {
  return {
    name,
    family: "composite",
    shape: spec.shape ?? ((inputs) => at(inputs, 0).shape),
    dtype: spec.dtype,
    vjp: spec.vjp,
    reference: spec.reference ?? null,
    decompose: spec.decompose,
    at: null,
    stage: null,
  };
}

/** The vjp of a decomposition, for composites that have none of their own. The forward part is recorded again. */
export function vjpByDecomposition(decompose: CompositeSpec["decompose"]): NonNullable<Primitive["vjp"]> {
  return ({ cotangent, inputs, attrs, wants }) =>
    gradientThrough(() => [decompose(inputs, attrs)], [cotangent], inputs, wants);
}

/** Cotangents of `inputs` through results that `decompose` records from them; null where a result has no cotangent. */
export function gradientThrough(
  decompose: () => readonly Node[],
  cotangents: readonly (Node | null)[],
  inputs: readonly Node[],
  wants: readonly boolean[],
): (Node | null)[] {
  const newest = newestId();
  const results = decompose();
  const roots = results.filter((_, i) => cotangents[i]);
  const seeds = cotangents.filter((node) => node !== null);
  const wanted = inputs.filter((_, i) => wants[i]);
  const found = vjp(roots, seeds, wanted, {
    enters: (node) => node.id > newest,
    inputsOf: (node) => node.inputs,
  });
  // Edge counts are exact: what the gradient does not need of the forward part lets go of its inputs.
  for (const root of results) if (root.uses === 0) release(root);
  // An operand given twice (self-attention) has one cotangent, the sum over its places.
  const isFirst = (input: Node, i: number) => wants[i] && inputs.indexOf(input) === i;
  return inputs.map((input, i) => (isFirst(input, i) ? (found[wanted.indexOf(input)] ?? null) : null));
}

import {
  type Bundle,
  type Node,
  type Primitive,
  type RefArray,
  record,
  type VjpContext,
} from "../graph/node.ts";
import { at, list } from "./factory.ts";
import { noElements, tuple } from "./tuple.ts";

/** What the vjp rule of a bundle may use besides the cotangents of the results (null where a result has none). */
export interface BundleContext extends Omit<VjpContext, "cotangent" | "output"> {
  /** Result `i` of the forward operation. */
  result(i: number): Node;
}

export interface BundleSpec {
  readonly results: Bundle["results"];
  readonly reference?: NonNullable<Bundle["reference"]>;
  readonly decompose?: NonNullable<Bundle["decompose"]>;
  readonly vjp:
    | ((cotangents: readonly (Node | null)[], context: BundleContext) => readonly (Node | null)[])
    | null;
  readonly template?: NonNullable<Primitive["template"]>;
}

/** An operation with several results: `record` it, and ask for its results with `part`. */
export function bundle(name: string, spec: BundleSpec): Primitive {
  const { results, reference = null, decompose = null, vjp, template } = spec;
  return {
    name,
    family: "bundle",
    shape: () => noElements,
    dtype: () => "float32",
    vjp:
      vjp &&
      ((context) => vjp(cotangentParts(context), { ...context, result: (i) => part(context.output, i) })),
    reference: null,
    decompose: null,
    at: null,
    stage: null,
    bundle: { results, reference, decompose },
    ...(template ? { template } : {}),
  };
}

const resultsOf = (node: Node) => node.primitive.bundle?.results(node.inputs, node.attrs) ?? [];

/** One result of a bundle: attribute `index`. */
export const partPrimitive: Primitive = {
  name: "part",
  family: "part",
  shape: (inputs, attrs) => at(resultsOf(at(inputs, 0)), attrs.index as number).shape,
  dtype: (inputs, attrs) => at(resultsOf(at(inputs, 0)), attrs.index as number).dtype,
  vjp: ({ cotangent, attrs }) => [tuple([attrs.index as number], [cotangent])],
  reference: ([of], attrs) => at((of as RefArray).parts ?? [], attrs.index as number).data,
  decompose: null,
  at: null,
  stage: null,
};

function cotangentParts({ cotangent, output }: VjpContext): (Node | null)[] {
  const positions = list(cotangent.attrs.positions);
  return resultsOf(output).map((_, i) => cotangent.inputs[positions.indexOf(i)] ?? null);
}

/** Result `index` of a bundle. Only results that somebody asks for exist, so that edge counts stay exact. */
export function part(of: Node, index: number): Node {
  const known = of.parts?.[index];
  if (known && !(known.released && !known.stored)) return known;
  const made = record(partPrimitive, [of], { index });
  of.parts ??= [];
  of.parts[index] = made;
  return made;
}

/** @file The one table of sample rows: every primitive and composite, what it is fed and how it is checked. All rings of tests read it. */
import { Node, type Primitive, type RefArray } from "../src/graph/node.ts";
import { attentions } from "./samplesAttention.ts";
import { checkpoints } from "./samplesCheckpoint.ts";
import { composites } from "./samplesComposites.ts";
import { convolution } from "./samplesConvolution.ts";
import { elementwise } from "./samplesElementwise.ts";
import { normalizations } from "./samplesNormalize.ts";
import { ordering } from "./samplesOrdering.ts";
import { recurrent } from "./samplesRecurrent.ts";
import { sizes } from "./samplesSizes.ts";
import { structural } from "./samplesStructural.ts";

export interface Sample {
  /** Unique name: that of the primitive or function, and what is special. */
  readonly label: string;
  /** The record this row covers; null for node functions without one of their own. */
  readonly primitive: Primitive | null;
  readonly inputs: readonly RefArray[];
  readonly build: (inputs: readonly Node[]) => Node;
  /** Why gradients are not compared with differences here; absent: they are, to second order. */
  readonly noGradient?: string;
  /** The vjp records the forward part again, or tuples of cotangents, so not all of what it records is needed. */
  readonly rebuilds?: boolean;
  /** Meaning of one element, where the row is a function of one number. */
  readonly scalar?: (x: number) => number;
  /** Relative and absolute tolerance of a float32 device against the interpreter where it is not the default, with the reason. */
  readonly device?: { readonly relative: number; readonly absolute: number; readonly reason: string };
}

/** A leaf for tests: it has a value and no inputs. */
export const leafPrimitive: Primitive = {
  name: "leaf",
  family: "leaf",
  shape: () => [],
  dtype: () => "float32",
  vjp: null,
  reference: null,
  decompose: null,
  at: null,
  stage: null,
};

export const leaf = (value: RefArray): Node => new Node(leafPrimitive, [], {}, value.shape, value.dtype);

export const samples: readonly Sample[] = [
  ...elementwise,
  ...structural,
  ...composites,
  ...convolution,
  ...normalizations,
  ...attentions,
  ...checkpoints,
  ...recurrent,
  ...ordering,
  ...sizes,
];

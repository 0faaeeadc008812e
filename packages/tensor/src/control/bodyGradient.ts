/** @file The gradient of a body as a body: from its parameters and the cotangents of its results to those of its parameters. */
import { vjp } from "../autodiff/vjp.ts";
import type { Node } from "../graph/node.ts";
import { at } from "../primitives/factory.ts";
import { fill } from "../primitives/source.ts";
import { placeholderNode } from "../runtime/leaf.ts";
import { type Body, capture, windowOf } from "./body.ts";
import { underTraces } from "./trace.ts";

/** A body that has no number yet, and the values outside that its last leaves stand for. */
export interface OpenBody extends Omit<Body, "id"> {
  readonly outside: readonly Node[];
}

/** A cotangent of output `i`. */
export interface GivenCotangent {
  readonly i: number;
  readonly cotangent: Node;
}

export interface BodyGradient {
  /** Leaves: the body's, one per given cotangent, those of values outside. Outputs: cotangents of the wanted leaves. */
  readonly body: OpenBody;
  /** Whether a wanted leaf is connected with the given outputs; the others have zeros. */
  readonly isReached: readonly boolean[];
}

/** Records the gradient of `body` with respect to the leaves at positions `wanted`. */
export function bodyGradient(
  body: Body,
  given: readonly GivenCotangent[],
  wanted: readonly number[],
): BodyGradient {
  const leaves = given.map(({ cotangent: { shape, dtype } }) => placeholderNode(shape, dtype));
  const wrt = wanted.map((i) => at(body.leaves, i));
  const isReached = wanted.map(() => false);
  const { value: outputs, window } = windowOf(() =>
    underTraces(body.traces, () => {
      const ends = given.map(({ i }) => at(body.outputs, i));
      const found = vjp(ends, leaves, wrt, {
        enters: (node) => !body.leaves.includes(node),
        inputsOf: ({ inputs }) => inputs,
      });
      return found.map((node, k) => {
        if (node) isReached[k] = true;
        const { shape, dtype } = at(wrt, k);
        return node ?? fill(0, shape, dtype);
      });
    }),
  );
  const windows = [...body.windows, window];
  const own = [...body.leaves, ...leaves];
  const captured = capture({ leaves: own, outputs, windows, foreign: new Set() });
  return {
    body: {
      leaves: [...own, ...captured.leaves],
      outputs: captured.outputs,
      outside: captured.outside,
      windows,
      traces: body.traces,
    },
    isReached,
  };
}

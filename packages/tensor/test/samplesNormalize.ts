/** @file Sample rows of normalisation: layer, batch, group and root-mean-square norms. */
import type { Node, RefArray } from "../src/graph/node.ts";
import { add, mul } from "../src/primitives/arithmetic.ts";
import { type NormalizeSettings, normalize, normalizePrimitive } from "../src/primitives/normalize.ts";
import type { Sample } from "./samples.ts";
import { uniform, values } from "./samplesInputs.ts";

/** The row's x, and scale and offset as far as shapes are given. */
function row(
  label: string,
  x: RefArray,
  settings: Partial<NormalizeSettings>,
  scale: readonly number[] | null = null,
  offset: readonly number[] | null = null,
): Sample {
  const parts = [scale && uniform(scale, 0.5, 2, 5), offset && uniform(offset, -1, 1, 6)];
  const full = { axes: [x.shape.length - 1], epsilon: 1e-3, centered: true, ...settings };
  return {
    label: `normalize ${label}`,
    primitive: normalizePrimitive,
    inputs: [x, ...parts.filter((part) => part !== null)],
    build: (nodes) => {
      const [node, ...rest] = nodes as [Node, Node, Node];
      const of = scale ? (rest[0] ?? null) : null;
      return normalize(node, full, of, offset ? (rest.at(-1) ?? null) : null);
    },
  };
}

const rows: readonly Sample[] = [
  row("the last axis", uniform([3, 5]), {}),
  row("the last axis with scale and offset", uniform([2, 3, 4]), {}, [4], [4]),
  row("the last axis with an offset alone", uniform([3, 4]), {}, null, [4]),
  row("two axes, not the last", uniform([2, 3, 2]), { axes: [0, 1] }, [1, 1, 2], [1, 1, 2]),
  row("two axes, scale and offset along one", uniform([2, 3, 2]), { axes: [1, 2] }, [3, 1], [2]),
  row("the first axis with a scalar scale", uniform([4, 3]), { axes: [0] }, [], [3]),
  row("groups", uniform([2, 3, 2, 2]), { axes: [1, 3] }, [2, 2], [2, 2]),
  row("all axes", uniform([2, 3]), { axes: [0, 1] }, [3], [2, 3]),
  row("root mean square", uniform([3, 4]), { centered: false }, [4]),
  row("root mean square over the first axis", uniform([3, 4]), { axes: [0], centered: false }, [4], [4]),
  row("one element per row", uniform([3, 1]), {}, [1], [1]),
];

/** Far from 0 the mean of squares minus the square of the mean would have no digit left. */
const far: Sample = {
  ...row("far from zero", values([2, 4], [4096, 4097, 4098, 4099, 4096.5, 4096, 4095.5, 4096]), {}, [4]),
  noGradient: "differences of numbers this large lose the digits that the check needs",
};

const sized = (
  label: string,
  shape: readonly number[],
  axes: readonly number[],
  scale: number[],
): Sample => ({
  ...row(label, uniform(shape), { axes }, scale, scale),
  noGradient: "a size test: small rows check the rule",
});

const sizes: readonly Sample[] = [
  sized("rows of 129", [5, 7, 129], [2], [129]),
  sized("channels of 65", [3, 9, 5, 65], [0, 1, 2], [65]),
  sized("rows of 1025", [3, 1025], [1], [1025]),
  {
    ...sized("gradient of rows of 129", [4, 129], [1], [129]),
    build: ([x, scale, offset]) => {
      const y = normalize(
        x as Node,
        { axes: [1], epsilon: 1e-3, centered: true },
        scale as Node,
        offset as Node,
      );
      return add(mul(y, y), x as Node);
    },
  },
];

export const normalizations: readonly Sample[] = [...rows, far, ...sizes];

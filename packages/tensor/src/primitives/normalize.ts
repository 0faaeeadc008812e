/** @file Normalisation over any axes (layer, batch, group and root-mean-square norms are one operation) and its gradient. */
import { type Attrs, type Node, type Primitive, record, type VjpContext } from "../graph/node.ts";
import { add, divideByCount, mul, square, sub } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { at, broadcastAll, commonDtype } from "./factory.ts";
import { rsqrt } from "./math.ts";
import { countOf, mean, sum, sumTo } from "./reduce.ts";
import { constant } from "./source.ts";

export interface NormalizeSettings {
  /** Axes over which mean and variance are taken, ascending. */
  readonly axes: readonly number[];
  /** Added to the variance. */
  readonly epsilon: number;
  /** Whether the mean is taken off; without it the "variance" is the mean square. */
  readonly centered: boolean;
}

interface Parts {
  readonly x: Node;
  readonly scale: Node | null;
  readonly offset: Node | null;
}

/** Inputs are x, then scale and offset as far as the attributes tell. */
function partsOf(inputs: readonly Node[], attrs: Attrs): Parts {
  const scale = attrs.scaled ? at(inputs, 1) : null;
  const offset = attrs.shifted ? at(inputs, attrs.scaled ? 2 : 1) : null;
  return { x: at(inputs, 0), scale, offset };
}

const settingsOf = (attrs: Attrs): NormalizeSettings => attrs as unknown as NormalizeSettings;

interface Statistics {
  /** x without the mean. */
  readonly distance: Node;
  /** 1 / sqrt(variance + epsilon), extents of 1 along the axes. */
  readonly rate: Node;
}

/** Two passes: the mean, then the mean of squared distances from it. */
function statisticsOf(x: Node, { axes, epsilon, centered }: NormalizeSettings): Statistics {
  const distance = centered ? sub(x, mean(x, axes, true)) : x;
  const rate = rsqrt(add(mean(square(distance), axes, true), constant(epsilon)));
  return { distance, rate };
}

/** Whether `node`, which broadcasts to `rank` axes, is one number along each of `axes`. */
function isConstantAlong(node: Node, axes: readonly number[], rank: number): boolean {
  const skip = rank - node.shape.length;
  return axes.every((axis) => axis < skip || node.shape[axis - skip] === 1);
}

const mulWith = (x: Node, factor: Node | null): Node => (factor ? mul(x, factor) : x);

function decompose(inputs: readonly Node[], attrs: Attrs): Node {
  const { x, scale, offset } = partsOf(inputs, attrs);
  const settings = settingsOf(attrs);
  const { distance, rate } = statisticsOf(x, settings);
  // A scale that is one number per row joins the row's rate; one that varies within the row would make a third kind of value of it.
  const scaled =
    scale && isConstantAlong(scale, settings.axes, x.shape.length)
      ? mul(distance, mul(rate, scale))
      : mulWith(mul(distance, rate), scale);
  return offset ? add(scaled, offset) : scaled;
}

/** The value of `of`, made when it is first asked for: rules build no node that nobody wants. */
function lazily<T>(of: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: of() };
    return made.value;
  };
}

/**
 * With h = (x - mean) rate and G = g scale: dx = rate (G - mean G - h mean(G h)), dscale = sum g h, doffset = sum g. A scale that is
 * constant along the axes (batch norm) comes out of the means: then one pair of sums of g and g h serves all three.
 */
function vjp({ cotangent: g, inputs, attrs, wants }: VjpContext): (Node | null)[] {
  const { x, scale, offset } = partsOf(inputs, attrs);
  const settings = settingsOf(attrs);
  const { axes, centered } = settings;
  const known = lazily(() => statisticsOf(x, settings));
  const standard = lazily(() => mul(known().distance, known().rate));
  const inner = scale && !isConstantAlong(scale, axes, x.shape.length) ? scale : null;
  const sumOf = lazily(() => sum(mulWith(g, inner), axes, true));
  const sumOfProducts = lazily(() => sum(mul(mulWith(g, inner), standard()), axes, true));
  const ofInput = (): Node => {
    const count = countOf(x.shape, axes);
    const along = mul(standard(), divideByCount(sumOfProducts(), count));
    const start = mulWith(g, inner);
    const rest = sub(centered ? sub(start, divideByCount(sumOf(), count)) : start, along);
    return mul(mulWith(known().rate, inner ? null : scale), rest);
  };
  const ofScale = (to: Node): Node => sumTo(inner ? mul(g, standard()) : sumOfProducts(), to.shape);
  const ofOffset = (to: Node): Node =>
    sumTo(!inner && isConstantAlong(to, axes, x.shape.length) ? sumOf() : g, to.shape);
  return [
    wants[0] ? ofInput() : null,
    ...(scale ? [wants[1] ? ofScale(scale) : null] : []),
    ...(offset ? [wants.at(-1) ? ofOffset(offset) : null] : []),
  ];
}

/**
 * (x - mean) / sqrt(variance + epsilon) scale + offset, mean and variance over `axes`. Inputs: x, and as the attributes `scaled` and
 * `shifted` tell, scale and offset, which broadcast to x.
 */
export const normalizePrimitive: Primitive = /*#__PURE__*/ composite("normalize", {
  shape: (inputs) => broadcastAll("normalize", inputs),
  dtype: (inputs) => commonDtype("normalize", inputs, "float"),
  decompose,
  vjp,
});

/** x normalised over `axes`, then times `scale` plus `offset` where given; both broadcast to x. */
export function normalize(
  x: Node,
  { axes, epsilon, centered }: NormalizeSettings,
  scale: Node | null = null,
  offset: Node | null = null,
): Node {
  const inputs = [x, ...(scale ? [scale] : []), ...(offset ? [offset] : [])];
  const parts = { scaled: scale !== null, shifted: offset !== null };
  return record(normalizePrimitive, inputs, { axes, epsilon, centered, ...parts });
}

/** @file Made-up data of any size: clouds, moons, circles, spirals, xor and a noisy linear function. */
import { checkCount, checkRange, checkSeed } from "./options.ts";
import { type RandomSource, randomSource } from "./source.ts";
import { splitData } from "./split.ts";
import type { SplitData, SplitOptions } from "./types.ts";

/** Options of every generator of labelled points. */
export interface PointsOptions extends SplitOptions {
  /** Number of rows, shared evenly among the classes. */
  readonly samples?: number;
  /** Standard deviation of the normal noise (for clouds: of the cloud itself, times this). */
  readonly noise?: number;
}

/** Options of generators with any number of classes. */
export interface ClassesOptions extends PointsOptions {
  /** Number of classes, at least 2. */
  readonly classes?: number;
}

/** Options of `circles`: rings of radius 1 - class / classes. */
export type CirclesOptions = ClassesOptions;

/** Options of `spiral`. */
export interface SpiralOptions extends ClassesOptions {
  /** Turns of each arm around the centre. Default 1.25. */
  readonly turns?: number;
}

/** Options of `blobs`. */
export interface BlobsOptions extends ClassesOptions {
  /** Number of columns of `x`. Default 2. */
  readonly features?: number;
}

/** Options of `linear`. */
export interface LinearOptions extends PointsOptions {
  /** One factor a column of `x`. Default [2]. */
  readonly weights?: readonly number[];
  /** The value at x = 0. Default 1. */
  readonly bias?: number;
}

type Point = (classIndex: number, along: number, random: RandomSource) => ArrayLike<number>;

interface PointsPlan {
  readonly samples: number;
  readonly noise: number;
  readonly classes: number;
  readonly features: number;
  readonly seed: number;
  readonly testSplit: number;
}

function planOf(
  where: string,
  options: ClassesOptions,
  samples: number,
  noise: number,
  classes = 2,
): PointsPlan {
  const plan = { samples, noise, classes, seed: 0, testSplit: 0.2, ...defined(options), features: 2 };
  checkCount(where, "classes", plan.classes, 2);
  checkCount(where, "samples", plan.samples, plan.classes);
  checkRange(where, "noise", plan.noise, 0);
  checkRange(where, "testSplit", plan.testSplit, 0, 1);
  checkSeed(where, plan.seed);
  return plan;
}

/** The entries that are not undefined, so that `{ noise: undefined }` means the default. */
function defined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/** Makes the points of every class, the i-th at `along` = i / (class size - 1), and puts the rows in random order. */
function points(plan: PointsPlan, random: RandomSource, point: Point): SplitData {
  const { samples, classes, features } = plan;
  const x = new Float32Array(samples * features);
  const y = new Int32Array(samples);
  random.order(samples).forEach((row, i) => {
    const classIndex = i % classes;
    const classSize = Math.ceil((samples - classIndex) / classes);
    const along = classSize < 2 ? 0 : Math.floor(i / classes) / (classSize - 1);
    x.set(point(classIndex, along, random), row * features);
    y[row] = classIndex;
  });
  return splitData(
    {
      x: { data: x, shape: [samples, features] },
      y: { data: y, shape: [samples] },
      classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
      featureNames: Array.from({ length: features }, (_, i) => `x${i + 1}`),
    },
    plan.testSplit,
  );
}

/**
 * Clouds of correlated normal points (covariance [[1, 0.5], [0.5, 1]]), their centres on a circle around (1.5, 1.5);
 * with 2 classes the centres are (0, 3) and (3, 0). `noise` scales the clouds (default 1), `samples` is 2,000 in all.
 *
 * `x` is float32 [samples, 2], `y` int32 [samples].
 *
 * @throws DataError if an option is out of range.
 * @example
 * const { x, y } = datasets.gaussians({ samples: 2000, seed: 1 });
 */
export function gaussians(options: ClassesOptions = {}): SplitData {
  const plan = planOf("gaussians", options, 2000, 1);
  const radius = 1.5 * Math.SQRT2;
  return points(plan, randomSource(plan.seed), (classIndex, _along, random) => {
    const angle = 2 * Math.PI * (3 / 8 - classIndex / plan.classes);
    const first = random.normal();
    const second = 0.5 * first + Math.sqrt(0.75) * random.normal();
    return [
      1.5 + radius * Math.cos(angle) + plan.noise * first,
      1.5 + radius * Math.sin(angle) + plan.noise * second,
    ];
  });
}

/**
 * Two half circles that reach into each other: (cos t, sin t) and (1 - cos t, 0.5 - sin t) for t in [0, pi], plus noise
 * (default 0.1). `x` is float32 [samples, 2] (default 1,000 rows), `y` int32 [samples] with labels 0 and 1.
 *
 * Source: scikit-learn's `make_moons`.
 *
 * @throws DataError if an option is out of range.
 * @example
 * const { train, test } = datasets.moons({ samples: 500, noise: 0.15 });
 */
export function moons(options: PointsOptions = {}): SplitData {
  const plan = planOf("moons", { ...options, classes: 2 }, 1000, 0.1);
  return points(plan, randomSource(plan.seed), (classIndex, along, random) => {
    const [cosine, sine] = [Math.cos(Math.PI * along), Math.sin(Math.PI * along)];
    const [horizontal, vertical] = classIndex === 0 ? [cosine, sine] : [1 - cosine, 0.5 - sine];
    return [horizontal + plan.noise * random.normal(), vertical + plan.noise * random.normal()];
  });
}

/**
 * Rings around the origin, class c of radius 1 - c / classes, plus noise (default 0.05).
 * `x` is float32 [samples, 2] (default 1,000 rows), `y` int32 [samples].
 *
 * @throws DataError if an option is out of range.
 * @example
 * const { train, test } = datasets.circles({ classes: 3 });
 */
export function circles(options: CirclesOptions = {}): SplitData {
  const plan = planOf("circles", options, 1000, 0.05);
  return points(plan, randomSource(plan.seed), (classIndex, along, random) => {
    const radius = 1 - classIndex / plan.classes;
    const angle = 2 * Math.PI * along;
    return [
      radius * Math.cos(angle) + plan.noise * random.normal(),
      radius * Math.sin(angle) + plan.noise * random.normal(),
    ];
  });
}

/**
 * Arms that wind around the origin out to radius 1, `turns` times each, plus noise (default 0.03).
 * `x` is float32 [samples, 2] (default 1,000 rows), `y` int32 [samples].
 *
 * @throws DataError if an option is out of range.
 * @example
 * const { train, test } = datasets.spiral({ classes: 3, turns: 0.75 });
 */
export function spiral(options: SpiralOptions = {}): SplitData {
  const plan = planOf("spiral", options, 1000, 0.03);
  const turns = options.turns ?? 1.25;
  checkRange("spiral", "turns", turns, 0);
  return points(plan, randomSource(plan.seed), (classIndex, along, random) => {
    const angle = 2 * Math.PI * (turns * along + classIndex / plan.classes);
    return [
      along * Math.sin(angle) + plan.noise * random.normal(),
      along * Math.cos(angle) + plan.noise * random.normal(),
    ];
  });
}

/**
 * Four squares in [-1, 1] x [-1, 1], opposite ones of one class (label 1 where the signs differ), 0.05 away from the axes
 * before noise (default 0). `x` is float32 [samples, 2] (default 1,000 rows), `y` int32 [samples] with labels 0 and 1.
 *
 * @throws DataError if an option is out of range.
 * @example
 * const { train, test } = datasets.xor({ noise: 0.05 });
 */
export function xor(options: PointsOptions = {}): SplitData {
  const plan = planOf("xor", { ...options, classes: 2 }, 1000, 0);
  return points(plan, randomSource(plan.seed), (classIndex, _along, random) => {
    const sign = random.uniform() < 0.5 ? -1 : 1;
    const horizontal = sign * (0.05 + 0.95 * random.uniform());
    const vertical = (classIndex === 0 ? sign : -sign) * (0.05 + 0.95 * random.uniform());
    return [horizontal + plan.noise * random.normal(), vertical + plan.noise * random.normal()];
  });
}

/**
 * Round normal clouds of standard deviation `noise` (default 0.5) around random centres, well apart, in [-3, 3] in each column.
 * `x` is float32 [samples, features] (default 1,000 rows, 2 columns), `y` int32 [samples] (default 3 classes).
 *
 * @throws DataError if an option is out of range.
 * @example
 * const { train, test } = datasets.blobs({ classes: 4, features: 3, seed: 5 });
 */
export function blobs(options: BlobsOptions = {}): SplitData {
  const plan = { ...planOf("blobs", options, 1000, 0.5, 3), features: options.features ?? 2 };
  checkCount("blobs", "features", plan.features, 1);
  const random = randomSource(plan.seed);
  const centers = spreadCenters(plan, random);
  return points(plan, random, (classIndex) => {
    return centers[classIndex]!.map((middle) => middle + plan.noise * random.normal());
  });
}

/** Each centre is the one of 16 random candidates that lies farthest from the centres before it (Mitchell's best candidate). */
function spreadCenters({ classes, features }: PointsPlan, random: RandomSource): number[][] {
  const centers: number[][] = [];
  const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
  const room = (candidate: number[]) => Math.min(...centers.map((center) => distance(candidate, center)));
  while (centers.length < classes) {
    const candidates = Array.from({ length: 16 }, () =>
      Array.from({ length: features }, () => 6 * random.uniform() - 3),
    );
    centers.push(candidates.reduce((best, other) => (room(other) > room(best) ? other : best)));
  }
  return centers;
}

/**
 * A linear function of evenly drawn inputs in [-1, 1): y = x . weights + bias + noise (default 0.1).
 * `x` is float32 [samples, weights.length] (default 200 rows), `y` float32 [samples, 1].
 *
 * @throws DataError if an option is out of range, or `weights` is empty or not finite.
 * @example
 * const { train, test } = datasets.linear({ weights: [2, -1], bias: 0.5 });
 */
export function linear(options: LinearOptions = {}): SplitData<Float32Array, Float32Array> {
  const { samples, noise, seed, testSplit } = planOf("linear", options, 200, 0.1);
  const { weights = [2], bias = 1 } = options;
  checkCount("linear", "weights.length", weights.length, 1);
  for (const [i, value] of [...weights, bias].entries())
    checkRange("linear", i < weights.length ? `weights[${i}]` : "bias", value, -Number.MAX_VALUE);
  const random = randomSource(seed);
  const x = new Float32Array(samples * weights.length);
  const y = new Float32Array(samples);
  for (let row = 0; row < samples; row++) {
    let value = bias + noise * random.normal();
    for (const [column, weight] of weights.entries()) {
      const input = Math.fround(2 * random.uniform() - 1);
      x[row * weights.length + column] = input;
      value += weight * input;
    }
    y[row] = value;
  }
  return splitData(
    {
      x: { data: x, shape: [samples, weights.length] },
      y: { data: y, shape: [samples, 1] },
      featureNames: weights.map((_, i) => `x${i + 1}`),
    },
    testSplit,
  );
}

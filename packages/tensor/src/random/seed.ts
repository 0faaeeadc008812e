/** @file Seeds: integers, generators that count their draws, and the global generator. */
import { ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { add, mul } from "../primitives/arithmetic.ts";
import { iota, number } from "../primitives/source.ts";
import { threefry2x32 } from "../primitives/threefry.ts";
import { openRuntime, type Runtime } from "../runtime/runtime.ts";
import { scopes, type Trace } from "../runtime/scope.ts";
import { Tensor } from "../tensor.ts";
import { Variable } from "../variable.ts";
import { hostKey, type Key, scalarAt } from "./key.ts";

/** An integer repeats its numbers, a generator goes on, nothing means the global generator. */
export type Seed = number | SeedGenerator | null;

/** A trace's first reading of the state and the number of draws since. */
interface TracedDraws {
  readonly trace: Trace;
  readonly base: Node;
  count: number;
}

/**
 * A stream of random draws: the n-th one has the key [seed, n], as in Keras on JAX. Pass it as `seed` to draw different numbers each time.
 *
 * The count lives on the host until a compiled function draws, or `state` is asked for; from then on it lives in that variable,
 * which compiled programs read and advance by themselves. Draws inside and outside of compiled functions continue one sequence.
 *
 * @example
 * const seed = new random.SeedGenerator(42);
 * random.uniform([2], { seed }); // key [42, 0]
 * random.uniform([2], { seed }); // key [42, 1]
 */
export class SeedGenerator {
  readonly seed: number;
  #count = 0;
  #variable: Variable | null = null;
  #traced: TracedDraws | null = null;

  /**
   * @param seed - An integer from 0 to 2^32 - 1; one that follows from `setRandomSeed` if absent.
   * @throws ValueError if the seed is not such an integer.
   */
  constructor(seed: number | null = null) {
    this.seed = seed === null ? makeDefaultSeed() : checkedSeed("SeedGenerator", seed);
  }

  /** The state on the device, uint32 [seed, draws]; not trainable. The host's count moves there when it is first asked for. */
  get state(): Variable {
    this.#variable ??= outsideTrace(
      () =>
        new Variable(Uint32Array.of(this.seed, this.#count), {
          name: "seed_generator_state",
          trainable: false,
        }),
    );
    return this.#variable;
  }

  /** The key of the next draw. */
  next(): Key {
    if (scopes.trace) return this.#nextInTrace(scopes.trace);
    return this.#variable ? nextOfVariable(this.#variable) : hostKey(this.seed, this.#count++);
  }

  /** The trace's k-th draw has the count at the start of a run plus k; the run leaves the count after its last draw. */
  #nextInTrace(trace: Trace): Key {
    const { state } = this.state;
    if (this.#traced?.trace !== trace) this.#traced = { trace, base: trace.read(state), count: 0 };
    const traced = this.#traced;
    const key = keyAt(traced.base, traced.count++);
    trace.assign(state, advanced(traced.base, traced.count));
    return key;
  }
}

function nextOfVariable(variable: Variable): Key {
  const base = variable.state.current;
  variable.assign(new Tensor(advanced(base, 1)));
  return keyAt(base, 0);
}

function keyAt(base: Node, draws: number): Key {
  const count = scalarAt(base, [1]);
  return {
    words: [scalarAt(base, [0]), draws === 0 ? count : add(count, number(draws, "uint32"))],
    host: null,
  };
}

/** [seed, count + draws]. */
const advanced = (base: Node, draws: number): Node =>
  add(base, mul(iota([2], 0, "uint32"), number(draws, "uint32")));

/** A generator's variable belongs to no trace, although its first draw may be inside one. */
function outsideTrace<T>(body: () => T): T {
  const { trace } = scopes;
  scopes.trace = null;
  try {
    return body();
  } finally {
    scopes.trace = trace;
  }
}

function checkedSeed(where: string, seed: number): number {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed;
  throw new ValueError(where, "not a seed.", {
    received: `${typeof seed} ${String(seed)}.`,
    expected: "an integer from 0 to 4294967295, or a SeedGenerator where one is taken.",
    fix: "leave the seed out for numbers that differ from run to run.",
  });
}

/** The key for one call of a random function. */
export function drawKey(where: string, seed: Seed | undefined): Key {
  if (seed instanceof SeedGenerator) return seed.next();
  if (seed === undefined || seed === null) return globalGenerator().next();
  return hostKey(checkedSeed(where, seed), 0);
}

interface GlobalSeed {
  readonly seed: number;
  numDefaults: number;
  generator: SeedGenerator | null;
  /** Where the generator's state lies. */
  runtime: Runtime | null;
}

let globalSeed: GlobalSeed | null = null;

function currentGlobal(): GlobalSeed {
  globalSeed ??= newGlobal(Math.floor(Math.random() * 2 ** 32));
  return globalSeed;
}

const newGlobal = (seed: number): GlobalSeed => ({ seed, numDefaults: 0, generator: null, runtime: null });

/** Its first generator has the global seed itself. A device that is gone has taken the state along: a new stream begins. */
function globalGenerator(): SeedGenerator {
  const current = currentGlobal();
  const runtime = openRuntime();
  if (current.generator && current.runtime && current.runtime !== runtime) {
    current.generator = new SeedGenerator();
  }
  current.runtime = runtime;
  current.generator ??= new SeedGenerator(current.seed);
  return current.generator;
}

/** Defaults come from the key [seed, 2^32 - 1], which no generator reaches by counting. */
const keyOfDefaults = 0xffffffff;

/** A seed that follows from `setRandomSeed` and the number of seeds given out before; for objects that were given none. */
export function makeDefaultSeed(): number {
  const current = currentGlobal();
  return threefry2x32(current.seed, keyOfDefaults, 0, current.numDefaults++)[0];
}

/**
 * Makes everything random that follows reproducible: the global generator starts at [seed, 0], and generators, layers and initializers
 * made from now on without a seed get ones that follow from it. Without it they differ from page to page.
 *
 * @param seed - An integer from 0 to 2^32 - 1.
 * @throws ValueError if it is not such an integer.
 * @example
 * utils.setRandomSeed(1337);
 * random.normal([2]); // the same on every run
 */
export function setRandomSeed(seed: number): void {
  globalSeed = newGlobal(checkedSeed("setRandomSeed", seed));
}

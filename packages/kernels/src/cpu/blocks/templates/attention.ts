/** @file The kernels of attention in JavaScript: the pairs of queries and keys in the order of their rows. */
import type { TemplateArray, TemplateRun } from "../../../ir/kernel.ts";

/** The log-sum-exp of a query without any key. */
const noKey = Math.fround(3e38);

const numberOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0] as number;

/** Product of row `i` of a and row `j` of b, both `width` long. */
function dot(a: TemplateArray, i: number, b: TemplateArray, j: number, width: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += (a[i * width + c] as number) * (b[j * width + c] as number);
  return sum;
}

/** Row `i` of `to` plus `factor` times row `j` of `from`. */
function addRow(
  to: TemplateArray,
  i: number,
  from: TemplateArray,
  j: number,
  width: number,
  factor: number,
): void {
  for (let c = 0; c < width; c++)
    to[i * width + c] = (to[i * width + c] as number) + factor * (from[j * width + c] as number);
}

/** A query: its row in q, its head's row of keys at position 0 and the step between keys, its row in the log-sum-exp. */
interface Query {
  readonly batch: number;
  readonly head: number;
  readonly time: number;
  readonly row: number;
  readonly firstKey: number;
  readonly sumRow: number;
}

/** A call's operands and rules. */
class Pairs {
  readonly run: TemplateRun;
  readonly scale: number;
  readonly depth: number;
  readonly width: number;
  readonly source: number;
  readonly kvHeads: number;
  /** Probability of each key where none counts. */
  readonly emptyPower: number;

  constructor(run: TemplateRun) {
    const { constants, params } = run;
    this.run = run;
    this.scale = numberOf(params[5] as number);
    this.depth = constants.DEPTH as number;
    this.width = constants.VALUE_DEPTH as number;
    this.source = params[1] as number;
    this.kvHeads = params[3] as number;
    this.emptyPower = constants.EMPTY_ZERO ? 0 : 1 / this.source;
  }

  input(i: number): TemplateArray {
    return this.run.inputs[i] as TemplateArray;
  }

  *queries(): Iterable<Query> {
    const [time = 0, source = 0, heads = 0, kvHeads = 0, batches = 0] = this.run.params;
    for (let batch = 0; batch < batches; batch++)
      for (let head = 0; head < heads; head++)
        for (let step = 0; step < time; step++) {
          const row = (batch * time + step) * heads + head;
          const firstKey = batch * source * kvHeads + Math.floor(head / (heads / kvHeads));
          yield { batch, head, time: step, row, firstKey, sumRow: (batch * heads + head) * time + step };
        }
  }

  keyRow(query: Query, key: number): number {
    return query.firstKey + key * this.kvHeads;
  }

  #at(input: number, word: number, { batch, head, time }: Query, key: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.run.params.subarray(word);
    return this.input(input)[batch * a + head * b + time * c + key * d] as number;
  }

  /** The keys that count. */
  keys(query: Query): number[] {
    const { CAUSAL, MASKED } = this.run.constants;
    const end = CAUSAL ? Math.min(this.source, query.time + 1) : this.source;
    const all = Array.from({ length: end }, (_, key) => key);
    return MASKED ? all.filter((key) => this.#at(4, 11, query, key) !== 0) : all;
  }

  score(query: Query, key: number): number {
    const product =
      this.scale * dot(this.input(0), query.row, this.input(1), this.keyRow(query, key), this.depth);
    return this.run.constants.BIASED ? product + this.#at(3, 7, query, key) : product;
  }

  /** Factor of the probability: that of the caller, and dropout's. */
  weight(query: Query, key: number): number {
    const { WEIGHTED, DROPPED } = this.run.constants;
    const factor = WEIGHTED ? this.#at(5, 15, query, key) : 1;
    if (!DROPPED) return factor;
    const kept = numberOf(this.run.params[6] as number);
    const unit = ((this.input(6)[query.sumRow * this.source + key] as number) >>> 9) / 2 ** 23;
    return unit < kept ? factor / kept : 0;
  }

  /** Of a backward kernel: the cotangent of a score, and the probability. */
  slope(query: Query, key: number): { slope: number; power: number } {
    const [lse, delta, g] = [this.input(7), this.input(8), this.input(9)];
    const power = Math.exp(this.score(query, key) - (lse[query.sumRow] as number));
    const product = dot(g, query.row, this.input(2), this.keyRow(query, key), this.width);
    return {
      slope: power * (product * this.weight(query, key) - (delta[query.sumRow] as number)),
      power,
    };
  }
}

/** Visits every query with probabilities that are not normalised, and their sum. */
function softmax(pairs: Pairs, query: Query): { powers: Map<number, number>; total: number; lse: number } {
  const keys = pairs.keys(query);
  if (keys.length === 0) {
    const all = Array.from({ length: pairs.source }, (_, key) => [key, pairs.emptyPower] as const);
    return { powers: new Map(all), total: 1, lse: noKey };
  }
  const scores = keys.map((key) => pairs.score(query, key));
  const top = scores.reduce((a, b) => Math.max(a, b));
  const powers = new Map(keys.map((key, i) => [key, Math.exp((scores[i] as number) - top)]));
  const total = [...powers.values()].reduce((a, b) => a + b, 0);
  return { powers, total, lse: top + Math.log(total) };
}

export function runForward(run: TemplateRun): void {
  const pairs = new Pairs(run);
  const [o, lse] = run.outputs as [TemplateArray, TemplateArray];
  o.fill(0);
  for (const query of pairs.queries()) {
    const { powers, total, lse: found } = softmax(pairs, query);
    for (const [key, power] of powers) {
      const factor = (power / total) * pairs.weight(query, key);
      addRow(o, query.row, pairs.input(2), pairs.keyRow(query, key), pairs.width, factor);
    }
    lse[query.sumRow] = found;
  }
}

export function runQueries(run: TemplateRun): void {
  const pairs = new Pairs(run);
  const dq = run.outputs[0] as TemplateArray;
  dq.fill(0);
  for (const query of pairs.queries())
    for (const key of pairs.keys(query)) {
      const { slope } = pairs.slope(query, key);
      addRow(dq, query.row, pairs.input(1), pairs.keyRow(query, key), pairs.depth, pairs.scale * slope);
    }
}

export function runKeys(run: TemplateRun): void {
  const pairs = new Pairs(run);
  const [dk, dv] = run.outputs as [TemplateArray, TemplateArray];
  const g = pairs.input(9);
  dk.fill(0);
  dv.fill(0);
  for (const query of pairs.queries()) {
    const keys = pairs.keys(query);
    for (const key of keys) {
      const { slope, power } = pairs.slope(query, key);
      const row = pairs.keyRow(query, key);
      addRow(dk, row, pairs.input(0), query.row, pairs.depth, pairs.scale * slope);
      addRow(dv, row, g, query.row, pairs.width, power * pairs.weight(query, key));
    }
    if (keys.length > 0) continue;
    for (let key = 0; key < pairs.source; key++) {
      const factor = pairs.emptyPower * pairs.weight(query, key);
      addRow(dv, pairs.keyRow(query, key), g, query.row, pairs.width, factor);
    }
  }
}

export function runBias(run: TemplateRun): void {
  const pairs = new Pairs(run);
  const dbias = run.outputs[0] as TemplateArray;
  const extents = [...run.params.subarray(19, 23)];
  dbias.fill(0);
  for (const query of pairs.queries())
    for (const key of pairs.keys(query)) {
      const pair = [query.batch, query.head, query.time, key];
      const at = extents.reduce(
        (sum, extent, i) => sum * extent + (extent === 1 ? 0 : (pair[i] as number)),
        0,
      );
      dbias[at] = (dbias[at] as number) + pairs.slope(query, key).slope;
    }
}

/** All cotangents: of q, k, v and, if there is a fourth output, of the bias. */
export function runGradient(run: TemplateRun): void {
  const [dq, ...others] = run.outputs as TemplateArray[];
  runQueries({ ...run, outputs: [dq!] });
  runKeys({ ...run, outputs: others.slice(0, 2) });
  if (others.length > 2) runBias({ ...run, outputs: others.slice(2) });
}

/** @file Random scripts of operations, assignments, reads, tapes, compiled calls and awaits, compared with values that are never overwritten. */

import { valueAndGrad, vjp } from "../src/autodiff/functional.ts";
import { GradientTape } from "../src/autodiff/tape.ts";
import { StaleTensor } from "../src/graph/errors.ts";
import { handleFree, jit } from "../src/jit.ts";
import { openRuntime } from "../src/runtime/runtime.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { placeTogether, readAll } from "../src/transfer.ts";
import { Variable } from "../src/variable.ts";
import { bounded, Dice, numbers, randomStep, type Step, sizeOf } from "./fuzzOps.ts";
import * as oracle from "./fuzzOracle.ts";
import { Value } from "./fuzzOracle.ts";

export interface ScriptResult {
  /** Elements compared. */
  readonly compared: number;
  /** Reads refused with StaleTensor. */
  readonly stale: number;
}

interface Pair {
  readonly t: Tensor;
  readonly v: Value;
  /** Set for a variable: using it is a read. */
  readonly state?: State;
}

interface State {
  readonly t: Variable;
  v: Value;
}

/** The second, larger than 1 KB, is stored only where a program has to. */
const shapes: readonly (readonly number[])[] = [[2, 3], [18, 15], [], [3], [2, 1]];
/** A bound this large says nothing about a value: iterated maps amplify rounding. */
const vague = 0.1;
/** Values beyond this are not kept: another product or two would overflow. */
const largest = 1e6;

class Script {
  readonly #dice: Dice;
  readonly #states: State[] = [];
  readonly #pool: Pair[] = [];
  readonly #tapes: PairTape[] = [];
  readonly #compiled: Compiled[] = [];
  #pending: Promise<void>[] = [];
  readonly log: string[] = [];
  compared = 0;
  stale = 0;

  constructor(seed: number) {
    this.#dice = new Dice(seed * 2654435761 + 1);
    const dice = this.#dice;
    const count = 2 + dice.below(4);
    for (let i = 0; i < count; i++)
      this.#addState(i < 2 ? (shapes[i] as readonly number[]) : dice.pick(shapes));
    if (dice.chance(0.3)) this.#addState(shapes[0] as readonly number[]);
    if (openRuntime() && dice.chance(0.3)) placeTogether(this.#states.slice(0, 3).map(({ t }) => t));
    for (let i = 0; i < 3; i++) this.#hold(this.#constant(dice.pick(shapes)));
    for (let i = 0; i < 2; i++) this.#compiled.push(new Compiled(dice, this.#states));
  }

  #addState(shape: readonly number[]): void {
    const data = numbers(this.#dice, sizeOf(shape));
    const t = new Variable({ data, shape });
    this.#states.push({ t, v: oracle.source(shape, data) });
  }

  #constant(shape: readonly number[]): Pair {
    const data = numbers(this.#dice, sizeOf(shape));
    return { t: tensor(data, { shape }), v: oracle.source(shape, data) };
  }

  async run(): Promise<void> {
    const dice = this.#dice;
    const loops = 1 + dice.below(2);
    for (let i = 0; i < loops; i++) {
      const turns = dice.pick([1, 3, 6]);
      const seed = dice.below(2 ** 31);
      const length = 2 + dice.below(4);
      for (let turn = 0; turn < turns; turn++) await this.#turn(new Dice(seed), length);
    }
    await this.#finish();
  }

  /** One pass of a loop body: the same dice each time, so nearly the same program. */
  async #turn(dice: Dice, length: number): Promise<void> {
    for (let i = 0; i < length; i++) {
      const [name, action] = dice.pick(this.#actions);
      this.log.push(name);
      await this.#guarded(() => action(dice));
    }
  }

  /** StaleTensor is the one error allowed. */
  async #guarded(action: () => unknown): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof StaleTensor)) throw error;
      this.log.push("  stale");
      this.stale++;
    }
  }

  async #finish(): Promise<void> {
    this.log.push("finish");
    for (const read of this.#pending) await this.#guarded(() => read);
    for (const pair of this.#pool)
      await this.#guarded(() => this.#compare(pair.t, pair.v, this.#nameOf(pair)));
    for (const state of this.#states)
      await this.#guarded(() => this.#compare(state.t, state.v, this.#nameOf(asPair(state))));
  }

  readonly #actions: readonly (readonly [string, (dice: Dice) => unknown])[] = [
    ["op", (dice) => this.#hold(this.#op(dice))],
    ["op", (dice) => this.#hold(this.#op(dice))],
    ["op", (dice) => this.#hold(this.#op(dice))],
    ["assign", (dice) => this.#assign(dice)],
    ["assign", (dice) => this.#assign(dice)],
    ["update", (dice) => this.#update(dice)],
    ["update", (dice) => this.#update(dice)],
    ["assign element", (dice) => this.#assignElement(dice)],
    ["swap", (dice) => this.#swap(dice)],
    ["load", (dice) => this.#load(dice)],
    ["read", (dice) => this.#read(dice)],
    ["read", (dice) => this.#read(dice)],
    ["read all", () => this.#readAll()],
    ["start read", (dice) => this.#startRead(dice)],
    ["snapshot", (dice) => this.#hold(this.#snapshot(dice))],
    ["snapshot", (dice) => this.#hold(this.#snapshot(dice))],
    ["microtask", () => null],
    ["macrotask", () => new Promise((resolve) => setTimeout(resolve))],
    ["dispose", (dice) => this.#dispose(dice)],
    ["handle-free", (dice) => this.#handleFree(dice)],
    ["tape", (dice) => this.#tape(dice)],
    ["tape", (dice) => this.#tape(dice)],
    ["nested tape", (dice) => this.#nestedTape(dice)],
    ["valueAndGrad", (dice) => this.#valueAndGrad(dice)],
    ["vjp", (dice) => this.#vjp(dice)],
    ["jit", (dice) => this.#jit(dice)],
    ["jit", (dice) => this.#jit(dice)],
    ["jit", (dice) => this.#jit(dice)],
    ["fail", (dice) => this.#fail(dice)],
  ];

  #hold(pair: Pair): Pair {
    this.log.push(`  hold ${this.#nameOf(pair)}`);
    if (!pair.v.data.every((x) => Math.abs(x) < largest)) return pair;
    this.#pool.push(pair);
    if (this.#pool.length > 10) this.#pool.splice(this.#dice.below(5), 1);
    return pair;
  }

  /** A held tensor or a variable, as it is now. */
  #operand(dice: Dice): Pair {
    if (dice.chance(0.45) || this.#pool.length === 0) {
      return asPair(dice.pick(this.#states));
    }
    return dice.pick(this.#pool);
  }

  /** Tapes see a variable's value when it is used. */
  #look(state: State): Value {
    for (const tape of this.#tapes) tape.observe(state);
    return state.v;
  }

  #snapshot(dice: Dice): Pair {
    const state = dice.pick(this.#states);
    this.log.push(`  of v${this.#states.indexOf(state)}`);
    const t = state.t.read();
    // A value of its own: what is computed from the variable later is no function of it. Open tapes count it as a read; without a
    // tape all snapshots of one version are one tensor value.
    const known = this.#tapes.length === 0 ? this.#snapshots.get(state.v) : undefined;
    const v = known ?? oracle.barrier(state.v);
    if (this.#tapes.length === 0) this.#snapshots.set(state.v, v);
    for (const tape of this.#tapes) tape.observe(state, v);
    return { t, v };
  }

  readonly #snapshots = new WeakMap<Value, Value>();

  #op(dice: Dice, more: readonly Pair[] = []): Pair {
    const operands = [...more, this.#operand(dice), this.#operand(dice)];
    return this.#apply(
      randomStep(
        dice,
        operands.map(({ v }) => v),
      ),
      operands,
    );
  }

  #apply(step: Step, operands: readonly Pair[]): Pair {
    const args = step.args.map((i) => operands[i] as Pair);
    this.log.push(`  ${step.name} of ${args.map((arg) => this.#nameOf(arg)).join(" and ")}`);
    const t = step.tensor(args.map((arg) => arg.t));
    for (const { state } of args) if (state) this.#look(state);
    const v = step.value(args.map((arg) => arg.v));
    this.log.push(`  = t${v.id}`);
    return { t, v };
  }

  #nameOf({ state, v }: Pair): string {
    const name = state ? `v${this.#states.indexOf(state)}` : `t${v.id}`;
    return `${name}[${v.shape}]`;
  }

  /** Some operations one after another, each using the one before. */
  #chain(dice: Dice, length: number, start: readonly Pair[] = []): Pair {
    let last = this.#op(dice, start);
    for (let i = 1; i < length; i++) last = this.#op(dice, [last]);
    return last;
  }

  /** A value of this shape, bounded, that depends on held tensors and variables. */
  #valueOfShape(dice: Dice, shape: readonly number[]): Pair {
    const x = this.#chain(dice, 1 + dice.below(2));
    const total = this.#apply(meanAll, [x]);
    const like = dice.chance(0.4) ? this.#constant(shape) : this.#sameShape(dice, shape);
    const mixed = this.#apply(addition, [like, total]);
    return this.#apply(boundedStep, [mixed]);
  }

  #sameShape(dice: Dice, shape: readonly number[]): Pair {
    const fitting = this.#states.filter(({ v }) => v.shape.join() === shape.join());
    return fitting.length > 0 ? asPair(dice.pick(fitting)) : this.#constant(shape);
  }

  #assign(dice: Dice): void {
    const state = dice.pick(this.#states);
    this.log.push(`  to v${this.#states.indexOf(state)}`);
    const value = dice.chance(0.2)
      ? this.#sameShape(dice, state.v.shape)
      : this.#valueOfShape(dice, state.v.shape);
    state.t.assign(value.t);
    if (value.state) this.#look(value.state);
    state.v = oracle.barrier(value.v);
  }

  #update(dice: Dice): void {
    const state = dice.pick(this.#states);
    this.log.push(`  of v${this.#states.indexOf(state)}`);
    const by = dice.chance(0.5)
      ? { t: 0.5, v: oracle.source([], [0.5]) }
      : this.#valueOfShape(dice, state.v.shape);
    if (state.v.data.some((x) => Math.abs(x) > 40)) return;
    const v = this.#look(state);
    if (dice.chance(0.5)) {
      state.t.assignAdd(by.t);
      state.v = oracle.barrier(oracle.add(v, by.v));
    } else {
      state.t.assignSub(by.t);
      state.v = oracle.barrier(oracle.sub(v, by.v));
    }
  }

  #assignElement(dice: Dice): void {
    const state = dice.pick(this.#states.filter(({ v }) => v.shape.length > 0));
    const position = dice.below(state.v.shape[0] as number);
    const part = this.#apply(boundedStep, [this.#apply(meanAll, [this.#op(dice)])]);
    const v = this.#look(state);
    state.t.at(position).assign(part.t);
    state.v = oracle.replaceAt(v, position, part.v);
  }

  #swap(dice: Dice): void {
    const a = dice.pick(this.#states);
    const b = dice.pick(this.#states.filter(({ v }) => v.shape.join() === a.v.shape.join()));
    this.log.push(`  v${this.#states.indexOf(a)} and v${this.#states.indexOf(b)}`);
    const [va, vb] = [this.#look(a), this.#look(b)];
    const kept = a.t.read();
    a.t.assign(b.t.read());
    a.v = oracle.barrier(vb);
    b.t.assign(kept);
    b.v = oracle.barrier(va);
  }

  #load(dice: Dice): void {
    const state = dice.pick(this.#states);
    const data = numbers(dice, state.v.data.length);
    this.log.push(`  to v${this.#states.indexOf(state)}`);
    state.t.load(data);
    state.v = oracle.source(state.v.shape, data);
  }

  async #compare(t: Tensor, v: Value, what: string): Promise<void> {
    this.#check(await t.data(), v, what);
  }

  #check(found: ArrayLike<number>, v: Value, what: string): void {
    if (v.error > vague) return;
    this.compared += v.data.length;
    const limit = v.error + 1e-6;
    const bad = v.data.findIndex((x, i) => !(Math.abs(x - (found[i] as number)) <= limit));
    if (found.length === v.data.length && bad < 0) return;
    throw new Error(
      `${what} [${v.shape}]: element ${bad} is ${found[bad]}, expected ${v.data[bad]} (${found.length} elements, within ${limit})`,
    );
  }

  #read(dice: Dice): Promise<void> {
    const pair = this.#operand(dice);
    return this.#compare(pair.t, pair.v, `read of ${this.#nameOf(pair)}`);
  }

  async #readAll(): Promise<void> {
    const pairs: Pair[] = [...this.#pool.slice(-2), ...this.#states.slice(0, 2).map(asPair)];
    const values = pairs.map(({ v }) => v);
    const found = await readAll(pairs.map(({ t }) => t));
    for (const [i, v] of values.entries())
      this.#check(found[i] as Float32Array, v, `readAll of ${this.#nameOf(pairs[i] as Pair)}`);
  }

  #startRead(dice: Dice): void {
    const { t, v } = this.#operand(dice);
    const read = this.#compare(t, v, "read started earlier");
    read.catch(() => {});
    this.#pending.push(read);
    if (this.#pending.length > 4) this.#pending = this.#pending.slice(1);
  }

  #dispose(dice: Dice): void {
    if (this.#pool.length < 4) return;
    const [pair] = this.#pool.splice(dice.below(this.#pool.length), 1) as [Pair];
    this.log.push(`  ${this.#nameOf(pair)}`);
    if (dice.chance(0.3)) this.#pending.push(this.#compare(pair.t, pair.v, "read, then disposed"));
    this.#pending.at(-1)?.catch(() => {});
    if (!this.#pool.some(({ t }) => t === pair.t)) pair.t.dispose();
  }

  #handleFree(dice: Dice): void {
    let v: Value | null = null;
    const t = handleFree(() => {
      const made = this.#chain(dice, 2);
      v = made.v;
      return made.t;
    });
    this.#hold({ t, v: v as unknown as Value });
  }

  /** Runs a chain under a tape; the sources are variables and held tensors. */
  async #tape(dice: Dice): Promise<void> {
    const tape = new PairTape(dice.chance(0.3));
    const watched = this.#pool.length > 0 && dice.chance(0.6) ? [dice.pick(this.#pool)] : [];
    const target = this.#recordInto(tape, dice, watched);
    if (dice.chance(0.3)) await null;
    if (dice.chance(0.15)) await new Promise((resolve) => setTimeout(resolve));
    if (dice.chance(0.3)) this.#assign(dice);
    if (dice.chance(0.15)) this.#jit(dice);
    const times = tape.persistent ? 2 : 1;
    for (let i = 0; i < times; i++) this.#takeGradient(tape, target, watched);
    if (tape.persistent) tape.tape.close();
  }

  #recordInto(tape: PairTape, dice: Dice, watched: readonly Pair[]): Pair {
    this.#tapes.push(tape);
    try {
      return tape.run(() => {
        for (const pair of watched) tape.watch(pair);
        let target = this.#chain(dice, 1 + dice.below(3), watched);
        if (dice.chance(0.25)) this.#assign(dice);
        if (dice.chance(0.25)) this.#update(dice);
        if (dice.chance(0.15)) target = this.#taped(dice, target);
        if (dice.chance(0.15)) tape.stopRecording(() => this.#hold(this.#op(dice, [target])));
        if (dice.chance(0.3)) target = this.#op(dice, [target]);
        if (dice.chance(0.15)) this.#hold(target);
        return target;
      });
    } finally {
      this.#tapes.splice(this.#tapes.indexOf(tape), 1);
    }
  }

  /** Results of a compiled function under a tape count like any others. */
  #taped(dice: Dice, target: Pair): Pair {
    const before = this.#pool.length;
    this.#jit(dice);
    const made = this.#pool.slice(before).filter(({ v }) => v.data.length <= 300);
    const [last] = made.slice(-1);
    if (!last) return target;
    return this.#apply(addition, [this.#apply(sumAll, [target]), this.#apply(sumAll, [last])]);
  }

  #takeGradient(tape: PairTape, target: Pair, watched: readonly Pair[]): readonly (Pair | null)[] {
    const found = tape.gradient(target, [...watched, ...this.#states]);
    for (const pair of found) if (pair) this.#hold(pair);
    return found;
  }

  /** A gradient inside another tape's window, and the gradient of that. */
  #nestedTape(dice: Dice): void {
    const outer = new PairTape(false);
    const inner = new PairTape(false);
    const watched = this.#pool.length > 0 ? [dice.pick(this.#pool)] : [];
    this.#tapes.push(outer);
    let total: Pair | null = null;
    try {
      outer.run(() => {
        for (const pair of watched) outer.watch(pair);
        const target = this.#recordInto(inner, dice, watched);
        const parts = this.#takeGradient(inner, target, watched).filter((pair) => pair !== null);
        const [part] = parts;
        if (part?.v.data.every((x) => Math.abs(x) < 500)) {
          total = this.#apply(sumAll, [this.#apply(squareStep, [part])]);
        }
      });
    } finally {
      this.#tapes.splice(this.#tapes.indexOf(outer), 1);
    }
    if (total) this.#takeGradient(outer, total, watched);
    else outer.tape.close();
  }

  #steps(dice: Dice, start: Pair): { steps: Step[]; extra: Pair } {
    const extra = this.#operand(dice);
    const steps: Step[] = [];
    let v = start.v;
    for (let i = 0; i < 2; i++) {
      const step = randomStep(dice, [v, extra.v]);
      steps.push(step);
      v = step.value(
        [v, extra.v].filter((_, j) => step.args.includes(j)).length > 0
          ? step.args.map((j) => [v, extra.v][j] as Value)
          : [],
      );
    }
    return { steps, extra };
  }

  #valueAndGrad(dice: Dice): void {
    const x = dice.pick(this.#pool);
    if (!x) return;
    const { steps, extra } = this.#steps(dice, x);
    const updates = dice.chance(0.3);
    const from = Value.newest;
    const input = oracle.mul(x.v, oracle.source([], [1]));
    const [y, dx] = valueAndGrad((t) => {
      let last: Pair = { t, v: input };
      for (const step of steps) last = this.#apply(step, [last, extra]);
      if (updates) for (let i = 0; i < 2; i++) this.#update(dice);
      return last.t.sum();
    })(x.t);
    let v = input;
    for (const step of steps) v = step.value(step.args.map((j) => [v, extra.v][j] as Value));
    v = sumAll.value([v]);
    this.#hold({ t: y, v });
    const [found] = oracle.gradient(v, [[input]], ({ id }) => id > from && id !== input.id);
    this.#hold({ t: dx as Tensor, v: found ?? oracle.filled(x.v.shape, 0) });
  }

  async #vjp(dice: Dice): Promise<void> {
    const x = dice.pick(this.#pool);
    if (!x) return;
    const { steps, extra } = this.#steps(dice, x);
    this.log.push(`  of ${this.#nameOf(x)} with ${this.#nameOf(extra)}`);
    const from = Value.newest;
    const input = oracle.mul(x.v, oracle.source([], [1]));
    const [y, pull] = vjp((t) => {
      let last: Pair = { t, v: input };
      for (const step of steps) last = this.#apply(step, [last, extra]);
      return last.t.sum();
    }, x.t);
    let v = input;
    for (const step of steps) v = step.value(step.args.map((j) => [v, extra.v][j] as Value));
    v = sumAll.value([v]);
    if (dice.chance(0.5)) await this.#compare(y, v, "vjp value");
    if (dice.chance(0.3)) this.#update(dice);
    const [found] = oracle.gradient(v, [[input]], ({ id }) => id > from && id !== input.id);
    const [dx] = pull(1);
    this.#hold({ t: dx as Tensor, v: found ?? oracle.filled(x.v.shape, 0) });
  }

  #jit(dice: Dice): void {
    const compiled = dice.pick(this.#compiled);
    this.log.push(`  ${compiled}`);
    const inputs = compiled.inputShapes.map((shape) => {
      const fitting = this.#pool.filter(({ v }) => v.shape.join() === shape.join());
      return fitting.length > 0 && dice.chance(0.6)
        ? dice.pick(fitting)
        : dice.chance(0.4)
          ? this.#sameShape(dice, shape)
          : this.#constant(shape);
    });
    for (const pair of compiled.call(inputs, this.#tapes)) this.#hold(pair);
  }

  /** An error of the user's own inside a scope: what was done before it stands, except in a compiled function. */
  #fail(dice: Dice): void {
    const failure = new Error("the user's own");
    const fails = dice.pick([
      () => new GradientTape().run(() => this.#failAfterUpdate(dice, failure)),
      () => handleFree(() => this.#failAfterUpdate(dice, failure)),
      () => valueAndGrad(() => this.#failAfterUpdate(dice, failure))(1),
      () =>
        jit(() => {
          for (const { t } of this.#states) t.assign(t.add(1));
          throw failure;
        })(),
    ]);
    try {
      fails();
    } catch (error) {
      if (error === failure) return;
      throw error;
    }
    throw new Error("the user's own error was swallowed");
  }

  #failAfterUpdate(dice: Dice, failure: Error): never {
    // Not held: a tensor that leaves a handle-free scope other than by return is nobody's.
    this.#op(dice);
    this.#update(dice);
    throw failure;
  }
}

const asPair = (state: State): Pair => ({ t: state.t, v: state.v, state });

const sumAll: Step = {
  name: "sum",
  args: [0],
  tensor: ([x]) => (x as Tensor).sum(),
  value: ([x]) =>
    oracle.sum(
      x as Value,
      (x as Value).shape.map((_, axis) => axis),
      false,
    ),
};
/** Sum over a power of two near the size: exact, and gentle on rounding errors. */
const meanAll: Step = {
  name: "mean",
  args: [0],
  tensor: ([x]) => sumAll.tensor([x as Tensor]).mul(share((x as Tensor).size)),
  value: ([x]) =>
    oracle.mul(sumAll.value([x as Value]), oracle.source([], [share((x as Value).data.length)])),
};
const share = (size: number): number => 2 ** -Math.ceil(Math.log2(size));
const addition: Step = {
  name: "add",
  args: [0, 1],
  tensor: ([x, y]) => (x as Tensor).add(y as Tensor),
  value: ([x, y]) => oracle.add(x as Value, y as Value),
};
const squareStep: Step = {
  name: "square",
  args: [0],
  tensor: ([x]) => (x as Tensor).square(),
  value: ([x]) => oracle.square(x as Value),
};
const boundedStep: Step = { name: "bounded", args: [0], ...bounded };

/** A gradient tape and its counterpart over the oracle's values. */
class PairTape {
  readonly tape: GradientTape;
  readonly persistent: boolean;
  readonly #reads = new Map<State, Set<Value>>();
  readonly #watched = new Set<Value>();
  #windows: { readonly from: number; to: number }[] = [];
  #isPaused = false;

  constructor(persistent: boolean) {
    this.persistent = persistent;
    this.tape = new GradientTape({ persistent });
  }

  observe(state: State, value: Value = state.v): void {
    if (this.#isPaused) return;
    const values = this.#reads.get(state) ?? new Set();
    this.#reads.set(state, values.add(value));
  }

  watch({ t, v }: Pair): void {
    this.tape.watch(t);
    this.#watched.add(v);
  }

  run<T>(body: () => T): T {
    this.#open();
    try {
      return this.tape.run(body);
    } finally {
      this.#shut();
    }
  }

  stopRecording(body: () => void): void {
    this.#shut();
    this.#isPaused = true;
    try {
      this.tape.stopRecording(body);
    } finally {
      this.#isPaused = false;
      this.#open();
    }
  }

  #open(): void {
    this.#windows.push({ from: Value.newest, to: Number.POSITIVE_INFINITY });
  }
  #shut(): void {
    (this.#windows.at(-1) as { to: number }).to = Value.newest;
  }

  readonly #covers = ({ id }: Value): boolean => this.#windows.some(({ from, to }) => id > from && id <= to);

  gradient(target: Pair, sources: readonly (Pair | State)[]): readonly (Pair | null)[] {
    const found = this.tape.gradient(
      target.t,
      sources.map(({ t }) => t),
    ) as (Tensor | null)[];
    const values = sources.map((one) => this.#valuesOf(one));
    const expected = oracle.gradient(target.v, values, this.#covers);
    return found.map((t, i) => {
      const v = expected[i] ?? null;
      if ((t === null) !== (v === null))
        throw new Error(`gradient ${i}: ${t}, expected ${v ? "a value" : "null"}`);
      return t && v ? { t, v } : null;
    });
  }

  #valuesOf(one: Pair | State): Value[] {
    if (one.t instanceof Variable) return [...(this.#reads.get(one as State) ?? [])];
    return this.#watched.has(one.v) || this.#covers(one.v) ? [one.v] : [];
  }
}

/** A random compiled function that reads and writes variables. */
class Compiled {
  readonly inputShapes: readonly (readonly number[])[];
  readonly #states: readonly State[];
  readonly #steps: readonly Step[];
  readonly #writes: readonly { readonly state: State; readonly register: number }[];
  readonly #outputs: readonly number[];
  readonly #gradientOf: State | null;
  readonly #function: (...inputs: Tensor[]) => Tensor[];

  constructor(dice: Dice, states: readonly State[]) {
    this.#states = states;
    this.inputShapes = Array.from({ length: dice.below(3) }, () => dice.pick(shapes));
    const registers = [
      ...this.inputShapes.map((shape) => oracle.filled(shape, 1.5)),
      ...states.map(({ v }) => v),
    ];
    const steps: Step[] = [];
    const length = 2 + dice.below(6);
    for (let i = 0; i < length; i++) {
      const step = randomStep(dice, registers);
      steps.push(step);
      registers.push(step.value(step.args.map((j) => registers[j] as Value)));
    }
    this.#steps = steps;
    const first = registers.length - length;
    this.#writes = states
      .filter(() => dice.chance(0.4))
      .map((state) => ({ state, register: first + dice.below(length) }));
    this.#outputs = Array.from({ length: dice.below(3) }, () => dice.below(registers.length));
    this.#gradientOf = dice.chance(0.4) ? dice.pick(states) : null;
    this.#function = jit((...inputs: Tensor[]) => this.#trace(inputs), { name: "fuzz" });
  }

  #trace(inputs: readonly Tensor[]): Tensor[] {
    const tape = new GradientTape();
    const { registers, loss } = tape.run(() => {
      const list: Tensor[] = [...inputs, ...this.#states.map(({ t }) => t.read())];
      for (const step of this.#steps) list.push(step.tensor(step.args.map((i) => list[i] as Tensor)));
      return { registers: list, loss: (list.at(-1) as Tensor).sum() };
    });
    const gradient = this.#gradientOf && (tape.gradient(loss, this.#gradientOf.t) as Tensor | null);
    if (!this.#gradientOf) tape.close();
    for (const { state, register } of this.#writes) {
      const by = meanAll.tensor([registers[register] as Tensor]);
      state.t.assign(bounded.tensor([state.t.add(by)]));
    }
    const outputs = this.#outputs.map((i) => registers[i] as Tensor);
    return gradient ? [...outputs, gradient] : outputs;
  }

  toString(): string {
    const writes = this.#writes.map(
      ({ state, register }) => `v${this.#states.indexOf(state)} by ${register}`,
    );
    const steps = this.#steps.map(({ name, args }) => `${name}(${args})`);
    const gradient = this.#gradientOf ? `, gradient of v${this.#states.indexOf(this.#gradientOf)}` : "";
    return `inputs ${this.inputShapes.length}: ${steps}; writes ${writes}; outputs ${this.#outputs}${gradient}`;
  }

  /** Under a tape the function is recorded like any other code; else its results and arguments are cut off from what made them. */
  call(inputs: readonly Pair[], tapes: readonly PairTape[]): Pair[] {
    const from = Value.newest;
    const tensors = this.#function(
      ...inputs.map(({ t, state }) => (state && tapes.length > 0 ? state.t.read() : t)),
    );
    const isTaped = tapes.length > 0;
    const cut = (v: Value) => (isTaped ? v : oracle.barrier(v));
    // Each read is a value of its own, which open tapes count as a read of the variable.
    const readOf = (state: State) => {
      const v = oracle.barrier(state.v);
      for (const tape of tapes) tape.observe(state, v);
      return v;
    };
    const reads = this.#states.map(readOf);
    const given = inputs.map(({ v, state }) => (state ? readOf(state) : cut(v)));
    const registers = [...given, ...reads];
    for (const step of this.#steps) registers.push(step.value(step.args.map((i) => registers[i] as Value)));
    const loss = sumAll.value([registers.at(-1) as Value]);
    const values = this.#outputs.map((i) => registers[i] as Value);
    if (this.#gradientOf) {
      const read = reads[this.#states.indexOf(this.#gradientOf)] as Value;
      const [found] = oracle.gradient(loss, [[read]], ({ id }) => id > from);
      if (found) values.push(found);
    }
    for (const { state, register } of this.#writes) {
      const by = meanAll.value([registers[register] as Value]);
      state.v = oracle.barrier(bounded.value([oracle.add(state.v, by)]));
    }
    return tensors.map((t, i) => ({ t, v: cut(values[i] as Value) }));
  }
}

/** Runs one script; a mismatch or an unexpected error names the seed and what the script did last. */
export async function runScript(seed: number): Promise<ScriptResult> {
  const script = new Script(seed);
  try {
    await script.run();
  } catch (error) {
    const trail = script.log.slice(-80).join("\n  ");
    throw new Error(`seed ${seed}: ${(error as Error).message}\n  ${trail}`, { cause: error });
  }
  return { compared: script.compared, stale: script.stale };
}

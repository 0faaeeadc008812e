/** @file Compiles scalar code with its stages and stores into lists of block steps, one list for each loop of a nest. */
import type { Stage } from "../../ir/kernel.ts";
import type { ScalarOpName } from "../../ir/scalarOps.ts";
import { type Affine, axesAffine, constantAffine } from "../affine.ts";
import { type Analysis, analyse, formOf, isUniform, isUniformStore } from "../analysis.ts";
import type { BodyProgram, BodySpec, BodyStore, Phase } from "../bodySpec.ts";
import { identity } from "../identity.ts";
import type { Memory, MemoryRange } from "../memory.ts";
import { findNeeds, type Needs } from "../needs.ts";
import type { Nest } from "../nest.ts";
import { type Kind, kindOf, Slot } from "../slot.ts";
import * as access from "./access.ts";
import { type Address, bindAddress, isFixed } from "./address.ts";
import { gatherHalves, loadHalves, scatterHalves, storeHalves } from "./half.ts";
import { finishIndices, finishLanes, reduceLoop, resetLanes } from "./reduce.ts";
import type { RegisterPool } from "./registers.ts";
import { scalarStep } from "./scalarJs.ts";
import { copyBits, runSteps, Step, spread } from "./step.ts";

export function compileBody(spec: BodySpec, nest: Nest, pool: RegisterPool): BodyProgram {
  pool.restart();
  return new BodyCompiler(spec, nest, pool).compile();
}

class BodyCompiler {
  readonly #spec: BodySpec;
  readonly #nest: Nest;
  readonly #pool: RegisterPool;
  readonly #facts: Analysis;
  readonly #once: Step[] = [];
  readonly #row: Step[] = [];
  readonly #phases: Phase[];
  readonly #needs: Needs;
  readonly #slots: (Slot | undefined)[] = [];
  readonly #stageSlots: Slot[];
  readonly #totals: Slot<Float64Array>[] = [];
  readonly #written: ReadonlySet<Memory>;
  /** Stores whose value is computed in place. */
  readonly #direct = new Set<BodyStore>();

  constructor(spec: BodySpec, nest: Nest, pool: RegisterPool) {
    this.#spec = spec;
    this.#nest = nest;
    this.#pool = pool;
    this.#facts = analyse(spec.code, spec.stages, spec.params, nest, spec.accumulator?.form ?? null);
    const count = spec.stages.length === 0 ? 1 : Math.max(...this.#facts.stagePhases) + 2;
    this.#phases = Array.from({ length: count }, () => ({ setup: [], reset: [], body: [], finish: [] }));
    this.#needs = findNeeds(spec, this.#facts, count);
    this.#written = new Set(spec.stores.map(({ range }) => range.memory));
    this.#stageSlots = spec.stages.map((stage) => pool.take(this.#stageKind(stage)));
  }

  compile(): BodyProgram {
    const { stages, stores } = this.#spec;
    for (const id of ascending(this.#needs.outer)) this.#emit(id, this.#listOf(id));
    this.#phases.forEach((phase, p) => {
      for (const id of ascending(this.#needs.inner[p]!)) this.#emit(id, phase.body);
      stages.forEach((stage, s) => {
        const step = this.#facts.stagePhases[s] === p ? this.#emitReduction(stage, s) : null;
        if (step) phase.body.push(step);
      });
    });
    for (const store of stores) if (!this.#direct.has(store)) this.#emitStore(store);
    return { nest: this.#nest, once: this.#once, row: this.#row, phases: this.#phases };
  }

  #isUniform(id: number): boolean {
    return isUniform(this.#facts, id);
  }

  #stageKind({ op, value }: Stage): Kind {
    return op === "argmax" || op === "argmin" ? "i" : kindOf(this.#spec.code[value]!.dtype);
  }

  #listOf(id: number): Step[] {
    const ready = this.#facts.ready[id]!;
    if (ready === 0 && this.#facts.masks[id] === 0) return this.#once;
    return ready === 0 && this.#isUniform(id) ? this.#row : this.#phases[ready]!.setup;
  }

  #storeList({ level }: BodyStore): Step[] {
    const last = this.#phases.at(-1)!;
    const hasInner = this.#nest.lanesInside || this.#nest.sequential.length > 0;
    return level === "full" && hasInner ? last.body : last.setup;
  }

  #slot(id: number): Slot {
    return this.#facts.constant[id] ? this.#constant(id) : this.#slots[id]!;
  }

  #constant(id: number): Slot {
    const known = this.#slots[id];
    if (known) return known;
    const { op, dtype, args, value = 0 } = this.#spec.code[id]!;
    const kind = kindOf(dtype);
    const scratch = this.#pool.take(kind);
    if (op === "const") scratch.data[0] = value;
    else if (op === "param") scratch.bits[0] = this.#spec.params.words[value]!;
    else runSteps([this.#operation(id, scratch, this.#slotsOf(args))], 1);
    const made = this.#pool.constant(kind, scratch.data[0]!);
    this.#slots[id] = made;
    return made;
  }

  #slotsOf(ids: readonly number[]): Slot[] {
    return ids.map((id) => this.#slot(id));
  }

  #operation(id: number, out: Slot, args: readonly Slot[]): Step {
    const { code } = this.#spec;
    const { op, dtype, args: ids } = code[id]!;
    return scalarStep(op as ScalarOpName, dtype, code[ids[0]!]!.dtype, this.#isUniform(id), out, args);
  }

  #emit(id: number, list: Step[]): void {
    const instr = this.#spec.code[id]!;
    const { op, args, value = 0 } = instr;
    if (op === "stage") this.#slots[id] = this.#stageSlots[value]!;
    else if (op === "load") this.#emitLoad(id, list, this.#spec.bindings[value]!, args[0]!);
    else if (op === "acc")
      this.#emitLoad(id, list, this.#spec.accumulator!.range, this.#spec.accumulator!.form);
    else {
      const out =
        (list === this.#lastList && this.#directOut(id, list)) || this.#pool.take(kindOf(instr.dtype));
      this.#slots[id] = out;
      list.push(this.#computeStep(id, out));
    }
    if (this.#needs.spreads.has(id)) list.push(new Step(spread, false, this.#slots[id]!, []));
  }

  #computeStep(id: number, out: Slot): Step {
    const { op, args, value = 0 } = this.#spec.code[id]!;
    if (op === "axis") return this.#axisStep(value, out, this.#isUniform(id));
    if (op === "param") return new Step(copyBits, true, out, [this.#paramSlot(value)]);
    return this.#operation(id, out, this.#slotsOf(args));
  }

  #paramSlot(word: number): Slot {
    return new Slot(this.#spec.params.words, word);
  }

  #axisStep(axis: number, out: Slot, uniform: boolean): Step {
    const address = this.#bind(axesAffine([[axis, 1]]), null);
    if (uniform) return new Step(access.axisValue, true, out, [], address);
    const { block, extents } = this.#nest;
    const below = block.slice(block.indexOf(axis) + 1).reduce((size, inner) => size * extents[inner]!, 1);
    return new Step(access.axisValues, false, out, [], {
      ...address,
      strides: [below],
      extents: [extents[axis]!],
    });
  }

  #bind(form: Affine, range: MemoryRange | null): Address {
    return bindAddress(form, this.#nest, range?.first ?? 0, range?.length ?? 0, (id) => this.#slot(id));
  }

  #emitLoad(id: number, list: Step[], binding: MemoryRange, index: number | Affine): void {
    const { dtype } = this.#spec.code[id]!;
    const range = binding.seenAs(dtype);
    const form = formOf(this.#facts, index);
    const memory = range.slot(dtype);
    const uniform = this.#isUniform(id);
    if (form) {
      const address = this.#bind(form, range);
      if (!range.packed && !uniform && isContiguous(address) && !this.#written.has(range.memory)) {
        this.#slots[id] = placed(memory, address, list);
        return;
      }
      if (address.strides.length === 1) {
        const out = this.#pool.take(kindOf(dtype));
        this.#slots[id] = out;
        list.push(new Step(loadsOf(range).strided, uniform, out, [memory], address));
        return;
      }
    }
    const [indices, base] = this.#indices(list, range, index, form);
    const out = this.#pool.take(kindOf(dtype));
    this.#slots[id] = out;
    list.push(new Step(loadsOf(range).gather, uniform, out, [memory, indices], base));
  }

  /** A register of element indices, and the address that they count from. */
  #indices(list: Step[], range: MemoryRange, index: number | Affine, form: Affine | null): [Slot, Address] {
    if (!form) return [this.#slot(index as number), this.#bind(constantAffine(0), range)];
    const out = this.#pool.take("i");
    list.push(new Step(access.walkIndices, false, out, [], this.#bind(form, null)));
    return [out, this.#bind(constantAffine(0), range)];
  }

  get #lastList(): Step[] {
    return this.#storeList({ level: "full" } as BodyStore);
  }

  /** The memory that the value of `id` is stored to, if it can be computed there: nothing may load from it later. */
  #directOut(id: number, list: Step[]): Slot | null {
    if (this.#isUniform(id)) return null;
    const { code, stores, bindings } = this.#spec;
    const store = stores.find(({ op, level, value }) => op === "set" && level === "full" && value === id);
    if (!store || code[id]!.op === "axis") return null;
    const { range } = store;
    if (range.half) return null;
    const loadedLater = code.some(
      ({ op, value = 0 }, i) => i > id && op === "load" && bindings[value]!.memory === range.memory,
    );
    const form = formOf(this.#facts, store.index);
    if (loadedLater || !form) return null;
    for (const term of form.terms.keys()) if (!this.#facts.constant[term] && !this.#slots[term]) return null;
    const address = this.#bind(form, range);
    if (!isContiguous(address)) return null;
    this.#direct.add(store);
    return placed(range.slot(code[id]!.dtype), address, list);
  }

  #emitStore(store: BodyStore): void {
    const { op, value, index, range } = store;
    const list = this.#storeList(store);
    const memory = range.slot(this.#spec.code[value]!.dtype);
    const uniform = isUniformStore(this.#facts, store);
    const form = formOf(this.#facts, index);
    const address = form ? this.#bind(form, range) : null;
    if (address && address.strides.length === 1) {
      const loop = op === "set" ? storesTo(range).strided : access.orStrided;
      list.push(new Step(loop, uniform, memory, [this.#slot(value)], address));
      return;
    }
    const [indices, base] = this.#indices(list, range, index, form);
    const loop = op === "set" ? storesTo(range).scatter : access.orScatter;
    list.push(new Step(loop, uniform, memory, [this.#slot(value), indices], base));
  }

  /** The accumulator of a stage; for argmax and argmin that of the best element. */
  #total(s: number): Slot<Float64Array> {
    this.#totals[s] ??= this.#pool.takeLanes();
    return this.#totals[s];
  }

  /** The argmax of the same elements beside a max (or argmin beside min), which finds the greatest element, too; -1: none. */
  #finderOf({ op, value }: Stage): number {
    return this.#spec.stages.findIndex((other) => other.op === `arg${op}` && other.value === value);
  }

  /** Steps before and after the pass of a stage; returns the step that takes in one block, if it needs one of its own. */
  #emitReduction(stage: Stage, s: number): Step | null {
    const { lanesInside, position } = this.#nest;
    const { reset, finish } = this.#phases[this.#facts.stagePhases[s]!]!;
    const kind = kindOf(this.#spec.code[stage.value]!.dtype);
    const finder = this.#finderOf(stage);
    if (finder >= 0) {
      finish.push(new Step(finishLanes, lanesInside, this.#stageSlots[s]!, [this.#total(finder)]));
      return null;
    }
    const total = this.#total(s);
    const index = this.#pool.takeLanes();
    const indexed = stage.op === "argmax" || stage.op === "argmin";
    reset.push(new Step(resetLanes, lanesInside, total, [numberSlot(identity(stage.op, kind))]));
    if (indexed) reset.push(new Step(resetLanes, lanesInside, index, [numberSlot(-1)]));
    finish.push(
      new Step(indexed ? finishIndices : finishLanes, lanesInside, this.#stageSlots[s]!, [
        indexed ? index : total,
      ]),
    );
    const linear = new Slot(position, position.length - 1);
    return new Step(reduceLoop(stage.op, kind, lanesInside), false, total, [
      this.#slot(stage.value),
      index,
      linear,
    ]);
  }
}

const wordLoads = { strided: access.loadStrided, gather: access.gather };
const byteLoads = { strided: access.loadBytes, gather: access.gatherBytes };
const halfLoads = { strided: loadHalves, gather: gatherHalves };
const wordStores = { strided: access.storeStrided, scatter: access.scatter };
const halfStores = { strided: storeHalves, scatter: scatterHalves };

function loadsOf({ half, packed }: MemoryRange): typeof wordLoads {
  return half ? halfLoads : packed ? byteLoads : wordLoads;
}

const storesTo = ({ half }: MemoryRange): typeof wordStores => (half ? halfStores : wordStores);

function numberSlot(value: number): Slot {
  return new Slot(Float64Array.of(value));
}

function ascending(ids: ReadonlySet<number>): number[] {
  return [...ids].sort((a, b) => a - b);
}

function isContiguous(address: Address): boolean {
  return address.inside && address.strides.length === 1 && address.strides[0] === 1;
}

/** `memory` at the address: once and for all, or moved by a step. */
function placed(memory: Slot, address: Address, list: Step[]): Slot {
  if (isFixed(address)) memory.at = address.constant;
  else list.push(new Step(access.move, true, memory, [], address));
  return memory;
}

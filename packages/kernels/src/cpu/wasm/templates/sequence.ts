/** @file Where rows and steps of a sequence are in the operands of recurrent templates, and loops over them. */
import type { Work } from "../../threads/work.ts";
import type { FunctionBuilder, Value } from "../assembler.ts";
import { add, addScaled, int, min, mul } from "../integers.ts";
import { subWords } from "../math/expression.ts";
import type { TemplateCall, TemplateShape } from "../template.ts";
import { eachUnits } from "./units.ts";

export interface Sequence {
  readonly f: FunctionBuilder;
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  readonly gates: number;
  /** The rows of the batch that the call advances. */
  readonly rows: Block;
}

type Extents = Omit<Sequence, "f" | "rows">;

function extentsOf({ params, constants }: TemplateShape): Extents {
  const [batch, steps] = params as unknown as [number, number];
  const { UNITS: units, GATES: gates } = constants as { UNITS: number; GATES: number };
  return { batch, steps, units, gates };
}

export function sequenceOf(call: TemplateCall): Sequence {
  const { f, units } = call;
  const extents = extentsOf(call);
  const [first, end] = units.map((unit) => f.keep("i32", mul(unit, int(blockRows))).get) as [Value, Value];
  const rows = { first, end: f.keep("i32", min(end, int(extents.batch))).get };
  return { f, ...extents, rows };
}

/** Vector operations of the functions of a step, for four units. */
const stepCost = 100;

/** Blocks of rows, all steps of which depend on no other row. */
export function recurrentWork(shape: TemplateShape): Work {
  const { batch, steps, units, gates } = extentsOf(shape);
  return {
    units: Math.ceil(batch / blockRows),
    cost: (batch * steps * units * (gates * units + stepCost)) / 4,
  };
}

/** A row of the batch. */
export class Row {
  readonly index: Value;
  protected readonly sequence: Sequence;

  constructor(sequence: Sequence, index: Value) {
    this.sequence = sequence;
    this.index = index;
  }

  /** Its address in [batch, width * units]. */
  ofRow(operand: Value, width = 1): Value {
    return this.line(operand, this.index, width);
  }

  protected line(operand: Value, line: Value, width: number): Value {
    const { f, units } = this.sequence;
    return f.keep("i32", addScaled(operand, line, width * units * 4)).get;
  }
}

/** A step of a row. */
export class Step extends Row {
  readonly #step: Value;

  constructor(sequence: Sequence, row: Value, t: Value) {
    super(sequence, row);
    this.#step = sequence.f.keep("i32", addScaled(t, row, sequence.steps)).get;
  }

  /** Its address in [batch, steps, width * units]. */
  ofStep(operand: Value, width = 1): Value {
    return this.line(operand, this.#step, width);
  }

  /** The address of the state before it in [batch, steps + 1, units]; the state after it is the next chunk. */
  ofStates(operand: Value): Value {
    return this.line(operand, add(this.index, this.#step), 1);
  }

  /** All bits of all lanes where mask [batch, steps] has a 1. */
  isActive(mask: Value): Value {
    const { f } = this.sequence;
    const at = addScaled(mask, this.#step, 4);
    return f.let(
      subWords(0, () => {
        at(f);
        f.memory("v128.load32_splat");
      }),
    );
  }
}

/** Rows that advance together: a multiple of a tile's rows, few enough for their operands to stay in the cache beside a panel. */
export const blockRows = 8;

export interface Block {
  readonly first: Value;
  readonly end: Value;
}

/** `body` for blocks of the call's rows, and what is left of the batch. */
export function eachBlock({ f, rows }: Sequence, body: (block: Block) => void): void {
  const first = f.local("i32");
  f.loop(first, rows.first, rows.end, blockRows, () => {
    const end = f.keep("i32", min(add(first.get, int(blockRows)), rows.end));
    body({ first: first.get, end: end.get });
  });
}

export function eachRow(sequence: Sequence, { first, end }: Block, body: (row: Row) => void): void {
  const row = sequence.f.local("i32");
  sequence.f.loop(row, first, end, 1, () => body(new Row(sequence, row.get)));
}

/** Copies rows of [batch, units] to a chunk of those of [batch, width * units]. */
export function copyRows(
  sequence: Sequence,
  block: Block,
  from: Value,
  to: Value,
  width = 1,
  chunk = 0,
): void {
  eachRow(sequence, block, (row) => {
    const [source, target] = [row.ofRow(from), row.ofRow(to, width)];
    eachUnits(sequence.f, sequence.units, (some) => some.store(target, some.load(source), chunk));
  });
}

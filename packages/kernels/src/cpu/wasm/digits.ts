/** @file Splits axes into digits where code divides them by constants (windows of a convolution, reshapes), so that its indices are affine. */
import type { Instr } from "../../ir/kernel.ts";
import type { Affine, Params } from "../affine.ts";
import type { BodyStore } from "../bodySpec.ts";

/** One digit of an axis: (index / divisor) modulo extent, an axis of its own. */
export interface Digit {
  readonly axis: number;
  readonly divisor: number;
  readonly extent: number;
}

export interface SplitCode {
  readonly code: readonly Instr[];
  /** The step that has taken the place of an old one. */
  readonly idOf: (id: number) => number;
  /** Of all axes; those that were split keep theirs, though nothing names them. */
  readonly extents: readonly number[];
  /** Digits of the axes that were split, the greatest first. */
  readonly digits: ReadonlyMap<number, readonly Digit[]>;
}

/** (axis / divisor), modulo `modulus` if there is one. */
interface Quotient {
  readonly axis: number;
  readonly divisor: number;
  readonly modulus: number | null;
}

export function splitAxes(code: readonly Instr[], extents: readonly number[], params: Params): SplitCode {
  const quotients = findQuotients(code, params);
  const digits = new Map<number, readonly Digit[]>();
  let next = extents.length;
  for (const [axis, bounds] of boundsOf(quotients, extents)) {
    const own = digitsOf(bounds, extents[axis]!).map((digit, i) => ({ axis: next + i, ...digit }));
    if (own.length < 2) continue;
    digits.set(axis, own);
    next += own.length;
  }
  const added = [...digits.values()].flat().sort((a, b) => a.axis - b.axis);
  const rewritten = digits.size > 0 ? rewrite(code, quotients, digits) : { code, idOf: (id: number) => id };
  return { ...rewritten, extents: [...extents, ...added.map(({ extent }) => extent)], digits };
}

/** `axes` with digits in the place of those that were split. */
export function replaceAxes(axes: readonly number[], { digits }: SplitCode): number[] {
  return axes.flatMap((axis) => digits.get(axis)?.map((digit) => digit.axis) ?? [axis]);
}

/** An affine form of the axes as they were, in digits. */
export function splitForm(form: Affine, { digits }: SplitCode): Affine {
  const axes = [...form.axes].flatMap(([axis, coefficient]): (readonly [number, number])[] => {
    const own = digits.get(axis);
    return own ? own.map((digit) => [digit.axis, digit.divisor * coefficient]) : [[axis, coefficient]];
  });
  return { ...form, axes: new Map(axes) };
}

/** Stores of the code as it was, for the code as it is. */
export function splitStores(stores: readonly BodyStore[], split: SplitCode): BodyStore[] {
  return stores.map((store) => ({
    ...store,
    value: split.idOf(store.value),
    index: typeof store.index === "number" ? split.idOf(store.index) : splitForm(store.index, split),
  }));
}

function findQuotients(code: readonly Instr[], { words, patched }: Params): (Quotient | null)[] {
  const found: (Quotient | null)[] = [];
  const constantOf = (id: number): number | null => {
    const { op, value = 0 } = code[id]!;
    return op === "const" ? value : op === "param" && !patched.has(value) ? words[value]! | 0 : null;
  };
  for (const { op, dtype, args, value = 0 } of code) {
    const x = args.length === 2 ? (found[args[0]!] ?? null) : null;
    const by = x && (op === "idiv" || op === "irem") ? constantOf(args[1]!) : null;
    if (op === "axis") found.push({ axis: value, divisor: 1, modulus: null });
    else if (x && by && by > 0 && dtype === "int32")
      found.push(op === "idiv" ? divided(x, by) : remainder(x, by));
    else found.push(null);
  }
  return found;
}

function divided({ axis, divisor, modulus }: Quotient, by: number): Quotient | null {
  if (modulus !== null && modulus % by !== 0) return null;
  return { axis, divisor: divisor * by, modulus: modulus === null ? null : modulus / by };
}

function remainder({ axis, divisor, modulus }: Quotient, by: number): Quotient | null {
  return modulus === null || modulus % by === 0 ? { axis, divisor, modulus: by } : null;
}

/** Where the digits of each axis meet, if all its bounds divide each other and the extent. */
function boundsOf(
  quotients: readonly (Quotient | null)[],
  extents: readonly number[],
): Map<number, number[]> {
  const bounds = new Map<number, Set<number>>();
  for (const quotient of quotients) {
    if (!quotient) continue;
    const { axis, divisor, modulus } = quotient;
    const own = bounds.get(axis) ?? new Set([1]);
    bounds.set(axis, own);
    for (const bound of [divisor, divisor * (modulus ?? 1)]) if (bound < extents[axis]!) own.add(bound);
  }
  const chains = new Map<number, number[]>();
  for (const [axis, set] of bounds) {
    const chain = [...set].sort((a, b) => a - b);
    const meets = [...chain, extents[axis]!].every((bound, i) => i === 0 || bound % chain[i - 1]! === 0);
    if (meets) chains.set(axis, chain);
  }
  return chains;
}

function digitsOf(bounds: readonly number[], extent: number): { divisor: number; extent: number }[] {
  return bounds.map((divisor, i) => ({ divisor, extent: (bounds[i + 1] ?? extent) / divisor })).toReversed();
}

function rewrite(
  code: readonly Instr[],
  quotients: readonly (Quotient | null)[],
  digits: ReadonlyMap<number, readonly Digit[]>,
): Pick<SplitCode, "code" | "idOf"> {
  const made: Instr[] = [];
  const ids: number[] = [];
  const push = (op: string, args: readonly number[], value?: number): number =>
    made.push({ op, dtype: "int32", args, ...(value === undefined ? {} : { value }) }) - 1;
  const scaled = ({ axis, divisor }: Digit, by: number): number => {
    const index = push("axis", [], axis);
    return divisor === by ? index : push("mul", [index, push("const", [], divisor / by)]);
  };
  code.forEach((instr, id) => {
    const quotient = quotients[id];
    const own = quotient && digits.get(quotient.axis);
    if (!quotient || !own) {
      ids.push(made.push({ ...instr, args: instr.args.map((arg) => ids[arg] ?? arg) }) - 1);
      return;
    }
    const { divisor, modulus } = quotient;
    const end = modulus === null ? Number.POSITIVE_INFINITY : divisor * modulus;
    const terms = own.filter((digit) => digit.divisor >= divisor && digit.divisor < end);
    ids.push(
      terms.length === 0
        ? push("const", [], 0)
        : terms.map((digit) => scaled(digit, divisor)).reduce((x, y) => push("add", [x, y])),
    );
  });
  return { code: made, idOf: (id) => ids[id]! };
}

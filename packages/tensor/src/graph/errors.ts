/** @file Error classes of the public API, and the house form of their messages. */

/** What was received, what was expected and how to mend it: the three lines of every message. */
export interface ErrorParts {
  readonly received: string;
  readonly expected: string;
  readonly fix: string;
}

/** `where: what.` followed by the three lines. */
export function houseMessage(where: string, what: string, parts: ErrorParts): string {
  return `${where}: ${what}\n  Received: ${parts.received}\n  Expected: ${parts.expected}\n  Fix: ${parts.fix}`;
}

/** Base of all errors that name a mistake in the caller's program or data. Names are literals: minifiers shorten class names. */
export class TenrecError extends Error {
  override readonly name: string = "TenrecError";
  constructor(where: string, what: string, parts: ErrorParts) {
    super(houseMessage(where, what, parts));
  }
}

/** Shapes, axes or lengths do not fit together. */
export class ShapeError extends TenrecError {
  override readonly name: string = "ShapeError";
}
/** A dtype is not allowed or not available here. */
export class DtypeError extends TenrecError {
  override readonly name: string = "DtypeError";
}
/** An argument has a value that is not allowed (unknown string, number out of range, wrong kind of object). */
export class ValueError extends TenrecError {
  override readonly name: string = "ValueError";
}
/** A tensor left the trace or scope that owns it. */
export class EscapedTensor extends TenrecError {
  override readonly name: string = "EscapedTensor";
}
/** A value depends on an old version of a variable that has been overwritten and recycled. */
export class StaleTensor extends TenrecError {
  override readonly name: string = "StaleTensor";
}
/** A tensor was used after `dispose()` or `tidy`. */
export class DisposedError extends TenrecError {
  override readonly name: string = "DisposedError";
}
/** Calls in the wrong order, such as `fit` before `compile`. */
export class StateError extends TenrecError {
  override readonly name: string = "StateError";
}

/** A broken invariant of the library itself; please report. */
export function internal(message: string): Error {
  return new Error(`internal: ${message} (a bug in tenrec: please report it)`);
}

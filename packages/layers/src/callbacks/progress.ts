/** @file ProgbarLogger: training shown in the console, as a line that moves in terminals and as plain lines elsewhere. */
import { Callback, type CallbackParams, type Logs } from "./callback.ts";

/** Where the text goes. */
export interface Terminal {
  /** Whether a line can be overwritten. */
  readonly isInteractive: boolean;
  /** Characters per line. */
  readonly columns: number;
  /** Writes text as it is. */
  write(text: string): void;
  /** Writes a line. */
  line(text: string): void;
}

/** Milliseconds between two updates: five a second where a line moves; a console keeps every line, so it gets few. */
const paces = { moving: 200, lines: 10_000 };
const barWidth = 20;

/**
 * Shows the progress of `fit`: step, bar, remaining time and running means. With `verbose: 2`, and in consoles that only take lines, one
 * line per epoch. `fit` adds it by itself unless `verbose` is 0.
 */
export class ProgbarLogger extends Callback {
  static override readonly className: string = "ProgbarLogger";
  readonly #terminal: Terminal;
  #clock = new StepClock(0);
  #lastShown = 0;
  #lastWidth = 0;

  constructor({ terminal = findTerminal() }: { readonly terminal?: Terminal } = {}) {
    super();
    this.#terminal = terminal;
  }

  override get pace(): number {
    if (this.params.verbose !== 1) return Number.POSITIVE_INFINITY;
    return this.#terminal.isInteractive ? paces.moving : paces.lines;
  }

  override setParams(params: CallbackParams): void {
    super.setParams(params);
    this.#lastWidth = 0;
  }

  override onEpochBegin(epoch: number): void {
    const { verbose, epochs } = this.params;
    const now = performance.now();
    this.#clock = new StepClock(now);
    this.#lastShown = now;
    if (verbose > 0 && epochs > 1) this.#terminal.line(`Epoch ${epoch + 1}/${epochs}`);
  }

  override onTrainBatchEnd(batch: number, logs: Logs): void {
    const now = performance.now();
    // The last execution of an epoch may have fewer steps than its number says.
    const current = Math.min(batch + 1, this.params.steps ?? Number.POSITIVE_INFINITY);
    this.#clock.note(current, now);
    if (this.params.verbose !== 1 || now - this.#lastShown < this.pace) return;
    this.#lastShown = now;
    this.#show(progressText(this.#progress(current, now, false), logs));
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    const now = performance.now();
    const current = this.params.steps ?? this.#clock.seen;
    this.#clock.note(current, now);
    if (this.params.verbose === 0) return;
    this.#show(progressText(this.#progress(current, now, true), logs), true);
  }

  #progress(current: number, now: number, isFinal: boolean): Progress {
    const { steps, verbose } = this.params;
    const bar = verbose === 1 ? barWidth : 0;
    return {
      current,
      steps,
      bar,
      isFinal,
      seconds: this.#clock.seconds(now),
      perStep: this.#clock.perStep(now),
    };
  }

  /** Overwrites the moving line, the rest of a longer one included, or writes a line of its own. */
  #show(text: string, isLast = false): void {
    const { isInteractive, columns } = this.#terminal;
    if (!isInteractive || this.params.verbose === 2) {
      this.#terminal.line(text);
      return;
    }
    const shown = isLast ? text : text.slice(0, columns - 1);
    this.#terminal.write(`\r${shown.padEnd(Math.min(this.#lastWidth, columns - 1))}${isLast ? "\n" : ""}`);
    this.#lastWidth = isLast ? 0 : shown.length;
  }
}

/** Time per step; the first step is left out as soon as there are others, since it waits for compilers. */
class StepClock {
  seen = 0;
  readonly #start: number;
  #first: { readonly step: number; readonly time: number } | null = null;

  constructor(start: number) {
    this.#start = start;
  }
  note(step: number, now: number): void {
    this.seen = step;
    this.#first ??= { step, time: now };
  }
  seconds(now: number): number {
    return (now - this.#start) / 1000;
  }
  perStep(now: number): number {
    const first = this.#first;
    if (first && this.seen > first.step) return (now - first.time) / 1000 / (this.seen - first.step);
    return this.seen > 0 ? this.seconds(now) / this.seen : 0;
  }
}

export interface Progress {
  readonly current: number;
  /** Steps in all; null where unknown. */
  readonly steps: number | null;
  readonly seconds: number;
  readonly perStep: number;
  /** Characters of the bar; 0 for none. */
  readonly bar: number;
  readonly isFinal: boolean;
}

/** `120/469 ━━━━━─────────────── 4s 12ms/step - loss: 0.3021`: the time is what remains, at the end what it took. */
export function progressText(
  { current, steps, seconds, perStep, bar, isFinal }: Progress,
  logs: Logs,
): string {
  const count =
    steps === null ? `${current}/?` : `${String(current).padStart(String(steps).length)}/${steps}`;
  const filled = steps ? Math.floor((bar * current) / steps) : 0;
  const remaining = steps === null ? seconds : perStep * (steps - current);
  const parts = [
    count,
    ...(bar > 0 && steps ? ["━".repeat(filled) + "─".repeat(bar - filled)] : []),
    durationText(isFinal ? seconds : remaining),
    `${stepText(perStep)}/step`,
  ];
  const values = Object.entries(logs).map(([name, value]) => ` - ${name}: ${numberText(value)}`);
  return parts.join(" ") + values.join("");
}

/** `42s`, `1:05`, `2:00:09`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  const [minutes, rest] = [Math.floor(whole / 60), two(whole % 60)];
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

function stepText(seconds: number): string {
  if (seconds >= 1) return `${Math.round(seconds)}s`;
  return seconds >= 1e-3 ? `${Math.round(seconds * 1e3)}ms` : `${Math.round(seconds * 1e6)}us`;
}

const numberText = (value: number): string =>
  Math.abs(value) > 1e-3 ? value.toFixed(4) : value.toExponential(4);

interface NodeStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): void;
}

/** A terminal under Node and Deno, the console elsewhere. */
function findTerminal(): Terminal {
  const { process } = globalThis as { readonly process?: { readonly stdout?: NodeStream } };
  const stream = process?.stdout;
  const line = (text: string) => console.log(text);
  if (!stream?.isTTY) return { isInteractive: false, columns: 80, write: line, line };
  return { isInteractive: true, columns: stream.columns ?? 80, write: (text) => stream.write(text), line };
}

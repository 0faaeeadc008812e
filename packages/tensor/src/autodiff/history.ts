/** @file History: windows of the program in which values keep what they were computed from, whether or not they are evaluated. */
import { type Node, newestId } from "../graph/node.ts";
import { type HistoryKeeper, recording, releaseKept } from "../runtime/recording.ts";

/** Sequence numbers after `from`, up to `to`. */
interface Window {
  readonly from: number;
  to: number;
}

export class History implements HistoryKeeper {
  #windows: Window[] = [];
  #kept = new Set<Node>();
  records = false;

  /** Opens a window. */
  start(): void {
    recording.keepers.add(this);
    this.records = true;
    this.#windows.push({ from: newestId(), to: Number.POSITIVE_INFINITY });
  }

  /** Ends the window; what was recorded in it stays. */
  stop(): void {
    this.records = false;
    const window = this.#windows.at(-1);
    if (window) window.to = newestId();
  }

  /** Runs a function in a window of its own; if it throws, nothing is kept. */
  during<T>(body: () => T): T {
    this.start();
    try {
      return body();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.stop();
    }
  }

  covers(node: Node): boolean {
    return this.#windows.some(({ from, to }) => node.id > from && node.id <= to);
  }

  keep(node: Node): void {
    this.#kept.add(node);
  }

  /** Forgets everything recorded so far; an open window goes on from here. */
  reset(): void {
    const { records } = this;
    this.close();
    if (records) this.start();
  }

  /** Gives back what is kept. */
  close(): void {
    recording.keepers.delete(this);
    this.#windows = [];
    releaseKept(this.#kept);
    this.#kept = new Set();
    this.records = false;
  }
}

let closing: FinalizationRegistry<History> | null = null;

/** Closes a history whose owner (a tape, a pullback) nobody can reach any more. Values do not depend on it, only memory does. */
export function closeWith(owner: object, history: History): void {
  closing ??= new FinalizationRegistry((unreachable) => unreachable.close());
  closing.register(owner, history);
}

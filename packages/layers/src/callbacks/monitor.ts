/** @file Watching a value of the logs: what counts as better. */
import { ValueError } from "@tenrec/tensor";
import { classNameOf } from "../naming.ts";
import { Callback, type Logs } from "./callback.ts";

export type MonitorMode = "auto" | "min" | "max";

export interface MonitorOptions {
  /** Name in the logs; "val_loss" by default. */
  readonly monitor?: string;
  /** Whether lower or higher is better; "auto" goes by the name. */
  readonly mode?: MonitorMode;
  /** Smaller changes are no improvement. */
  readonly minDelta?: number;
}

const down = /loss$|error|mse$|mae$|mape$|msle$|crossentropy|divergence|hinge|poisson|logcosh|^false_/;
const up = /acc|auc|precision|recall|similarity|^true_|^f1|^fbeta|iou|^r2|sensitivity|specificity/i;

/** A callback that compares a logged value with the best one so far. */
export abstract class MonitorCallback extends Callback {
  readonly monitor: string;
  readonly mode: "min" | "max";
  readonly minDelta: number;
  protected best: number | null = null;
  #warned = false;

  constructor({ monitor = "val_loss", mode = "auto", minDelta = 0 }: MonitorOptions) {
    super();
    this.monitor = monitor;
    this.mode = mode === "auto" ? modeOf(classNameOf(this), monitor) : mode;
    this.minDelta = Math.abs(minDelta);
  }

  protected isImprovement(value: number, reference: number | null): boolean {
    if (reference === null) return true;
    return this.mode === "min" ? value + this.minDelta < reference : value - this.minDelta > reference;
  }

  /** The watched value; a warning, once, where the logs lack it. */
  protected watched(logs: Logs): number | null {
    const value = logs[this.monitor];
    if (value !== undefined) return value;
    if (!this.#warned) {
      const names = Object.keys(logs).join(", ") || "none";
      console.warn(
        `${classNameOf(this)}: "${this.monitor}" is not among the logs (${names}), so it does nothing.`,
      );
    }
    this.#warned = true;
    return null;
  }

  /** A line for the user. */
  protected say(epoch: number, text: string): void {
    console.log(`Epoch ${epoch + 1}: ${text}`);
  }
}

/** Losses and errors fall, scores rise. */
function modeOf(where: string, monitor: string): "min" | "max" {
  const name = monitor.replace(/^val_/, "");
  if (down.test(name)) return "min";
  if (up.test(name)) return "max";
  throw new ValueError(where, "whether lower or higher is better cannot be told from the name.", {
    received: `monitor = "${monitor}"`,
    expected: 'a known name, or mode "min" or "max".',
    fix: 'pass { mode: "max" } if higher is better.',
  });
}

/** @file Training as it goes: a line for every epoch and, where a line can be overwritten, a bar below. */
import { callbacks } from "tenrec";

const barWidth = 30;

/** Shows a run of `fit` with validation and accuracy on a stream of Node. */
export class Progress extends callbacks.Callback {
  #stream;
  #start = 0;
  #epoch = 0;
  #shown = 0;

  /** @param {{ write(text: string): unknown, isTTY?: boolean }} stream */
  constructor(stream) {
    super();
    this.#stream = stream;
  }

  /** Milliseconds between two looks at the running step; what cannot be overwritten never looks. */
  get pace() {
    return this.#stream.isTTY ? 100 : Number.POSITIVE_INFINITY;
  }

  onTrainBegin() {
    this.#start = performance.now();
  }

  onEpochBegin(epoch) {
    this.#epoch = epoch;
  }

  onTrainBatchEnd(batch) {
    this.#drawBar(this.#epoch + (batch + 1) / this.params.steps);
  }

  /** @param {number} epoch @param {import("tenrec").callbacks.Logs} logs */
  onEpochEnd(epoch, { loss = 0, val_loss = 0, val_accuracy = 0 }) {
    const { epochs } = this.params;
    this.#clear();
    const count = `${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`;
    const losses = `loss ${loss.toFixed(4)}  validation loss ${val_loss.toFixed(4)}`;
    this.#stream.write(`epoch ${count}  ${losses}  validation accuracy ${percent(val_accuracy)}\n`);
    if (epoch + 1 < epochs) this.#drawBar(epoch + 1);
  }

  onTrainEnd() {
    this.#clear();
  }

  /** The bar of the whole run after `done` epochs, of which the last may be a part. */
  #drawBar(done) {
    if (!this.#stream.isTTY) return;
    const share = Math.min(1, done / this.params.epochs);
    const left = ((performance.now() - this.#start) / 1000) * (1 / share - 1);
    const filled = Math.floor(share * barWidth);
    const bar = "━".repeat(filled) + "─".repeat(barWidth - filled);
    this.#overwrite(`${bar} ${percent(share)}, ${left.toFixed(left < 10 ? 1 : 0)} s left`);
  }

  #clear() {
    if (this.#shown === 0) return;
    this.#overwrite("");
    this.#stream.write("\r");
  }

  #overwrite(text) {
    this.#stream.write(`\r${text.padEnd(this.#shown)}`);
    this.#shown = text.length;
  }
}

/** `97.2 %`, with room for 100. */
export const percent = (share) => `${(100 * share).toFixed(1)} %`.padStart(7);

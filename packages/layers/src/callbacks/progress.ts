/** @file The progress line of training in consoles. */
import { Callback, type Logs } from "./callback.ts";

interface Terminal {
  write(text: string): void;
  readonly isTTY?: boolean;
}

/** Node's standard output where there is one that can go back to the start of a line. */
function terminal(): Terminal | null {
  const { process } = globalThis as { process?: { stdout?: Terminal } };
  return process?.stdout?.isTTY ? process.stdout : null;
}

const number = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(4) : value.toFixed(4);

/** Lines such as `Epoch 2/5  469/469  1.2s  loss: 0.1034 - accuracy: 0.9690`; rewritten in place on terminals. */
export class ProgbarLogger extends Callback {
  #epoch = 0;
  #start = 0;

  /** Four lines a second are as many as one reads. */
  override get pace(): number {
    return 250;
  }
  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
    this.#start = performance.now();
  }
  override onTrainBatchEnd(batch: number, logs: Logs): void {
    if (this.parameters.verbose !== 1) return;
    terminal()?.write(`\r${this.line(batch + 1, logs)}`);
  }
  override onEpochEnd(_epoch: number, logs: Logs): void {
    const line = this.line(this.parameters.steps, logs);
    const place = this.parameters.verbose === 1 ? terminal() : null;
    if (place) place.write(`\r${line}\n`);
    else console.log(line);
  }

  private line(done: number, logs: Logs): string {
    const { epochs, steps } = this.parameters;
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1);
    const values = Object.entries(logs).map(([name, value]) => `${name}: ${number(value)}`);
    return `Epoch ${this.#epoch + 1}/${epochs}  ${done}/${steps}  ${seconds}s  ${values.join(" - ")}`;
  }
}

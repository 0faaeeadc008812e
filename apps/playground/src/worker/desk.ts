/** The worker's writing desk: one text at a time, a few characters between two bursts of training, told as it grows. */

import type { ViewSettings } from "../project/project.ts";
import type { Engine } from "./engine.ts";
import type { FromWorker, Written } from "./protocol.ts";
import type { Writer } from "./writer.ts";

/** Characters of a text that is asked for, and of one that is written by the way. */
const askedLength = 240;
const passingLength = 120;
/** Time for writing in ms between two bursts of training: a quarter of theirs. */
const writingTime = 20;

export class Desk {
  readonly #send: (message: FromWorker) => void;
  #writer: Writer | undefined;
  #written: Written | undefined;
  #count = 0;
  #lastStep = 0;

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  get busy(): boolean {
    return this.#writer !== undefined;
  }

  /** Lays the text at hand aside: its model is gone. */
  clear(): void {
    this.#writer = undefined;
    this.#lastStep = 0;
  }

  /** Begins a text, if the engine's data are one; what was being written stays as it is. */
  begin(engine: Engine, { prompt }: ViewSettings, asked: boolean): void {
    this.#lastStep = engine.step;
    this.#writer = engine.writer(prompt, this.#count + 1);
    if (this.#writer === undefined) return;
    this.#count++;
    this.#tell({ id: this.#count, step: engine.step, asked, prompt, text: "", done: false });
  }

  /**
   * Begins a text where enough steps have passed since the last one. What is being written is finished first, but for the
   * untrained model's.
   */
  beginWhenDue(engine: Engine, view: ViewSettings): void {
    const untrained = this.#written?.asked === false && this.#written.step === 0;
    if ((this.busy && !untrained) || engine.step - this.#lastStep < view.sampleEvery) return;
    this.begin(engine, view, false);
  }

  #tell(written: Written): void {
    this.#written = written;
    this.#send({ type: "written", written });
  }

  /** Writes for a moment, one character at least. */
  async write({ temperature }: ViewSettings): Promise<void> {
    const writer = this.#writer;
    const written = this.#written;
    if (writer === undefined || written === undefined) return;
    const length = written.asked ? askedLength : passingLength;
    const started = performance.now();
    let { text } = written;
    let letter: string | undefined;
    do {
      letter = await writer.next(temperature);
      text += letter ?? "";
    } while (letter !== undefined && text.length < length && performance.now() - started < writingTime);
    const done = letter === undefined || text.length >= length;
    if (done) this.#writer = undefined;
    this.#tell({ ...written, text, done });
  }
}

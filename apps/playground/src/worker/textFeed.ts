/** Text: random windows of characters, each labelled with the characters that follow; the last part is held out. */

import type { Project } from "../project/project.ts";
import { Alphabet } from "./alphabet.ts";
import type { ArrayData } from "./arrays.ts";
import type { Batch, BuiltData, Feed } from "./feed.ts";
import type { Net } from "./model.ts";
import type { Snapshot } from "./protocol.ts";
import { randomSource } from "./random.ts";
import { score, softmaxRows } from "./scores.ts";

/** Windows of held-out text for one picture of the figures: five hundred characters at the default length. */
const heldWindows = 16;

const noRows = { x: new Float32Array(0), y: new Int32Array(0) };

export class TextFeed implements Feed {
  readonly alphabet: Alphabet;
  readonly #train: Int32Array;
  readonly #held: Int32Array;
  readonly #window: number;
  readonly #seed: number;
  #step = 0;
  #seen = 0;

  private constructor({ data }: Project, text: string) {
    this.alphabet = new Alphabet(text);
    const codes = this.alphabet.codes(text);
    const least = data.window + 1;
    const held = Math.max(least, Math.round(codes.length * data.validation));
    const cut = Math.max(least, codes.length - held);
    this.#train = codes.subarray(0, cut);
    this.#held = codes.subarray(cut);
    this.#window = data.window;
    this.#seed = data.seed;
  }

  static async create(project: Project): Promise<TextFeed> {
    const { cave } = await import("../assets/cave.ts");
    return new TextFeed(project, cave);
  }

  get built(): BuiltData {
    const { letters } = this.alphabet;
    return {
      classes: letters.length,
      train: noRows,
      validation: noRows,
      counts: { train: this.#train.length, validation: this.#held.length },
      window: { x: 0, y: 0, half: 1 },
      letters,
    };
  }

  get epoch(): number {
    return Math.floor(this.#seen / this.#train.length);
  }

  next(batchSize: number): Batch {
    this.#step++;
    this.#seen += batchSize * this.#window;
    return this.#drawn(batchSize, this.#step);
  }

  first(batchSize: number): Batch {
    return this.#drawn(batchSize, 0);
  }

  /** Windows whose places follow from the seed and the step alone. */
  #drawn(count: number, step: number): Batch {
    const random = randomSource(this.#seed * 7919 + step);
    const places = this.#train.length - this.#window;
    return this.#windows(this.#train, count, () => Math.floor(random() * places));
  }

  #windows(codes: Int32Array, count: number, placeOf: (index: number) => number): Batch {
    const size = this.#window;
    const [x, y] = [new Int32Array(count * size), new Int32Array(count * size)];
    for (let index = 0; index < count; index++) {
      const place = placeOf(index);
      x.set(codes.subarray(place, place + size), index * size);
      y.set(codes.subarray(place + 1, place + size + 1), index * size);
    }
    const array = (data: Int32Array): ArrayData => ({ data, shape: [count, size] });
    return { x: array(x), y: array(y) };
  }

  rewind(step: number, epoch: number): void {
    this.#step = step;
    this.#seen = epoch * this.#train.length;
  }

  /** Windows spread over the held-out text, so that every picture is of the same characters. */
  async snapshot({ model }: Net): Promise<Omit<Snapshot, "step">> {
    const places = this.#held.length - this.#window;
    const batch = this.#windows(this.#held, heldWindows, (index) =>
      Math.floor((index * places) / heldWindows),
    );
    const output = await model.predict(batch.x, { batchSize: heldWindows });
    const probabilities = softmaxRows(Float32Array.from(await output.data()), this.alphabet.letters.length);
    const { loss, accuracy } = score(probabilities, batch.y.data as Int32Array, this.alphabet.letters.length);
    return { loss, accuracy, confusion: [] };
  }
}

/** Writing text with a model, a character at a time, so that training and orders have their turn in between. */

import type { Alphabet } from "./alphabet.ts";
import type { Net } from "./model.ts";
import { randomSource } from "./random.ts";

/** An index drawn with probabilities softmax(logits / temperature); -1 where a logit is not a number. */
export function drawIndex(logits: Float32Array, temperature: number, random: number): number {
  const most = logits.reduce((largest, logit) => Math.max(largest, logit), -Infinity);
  const weights = logits.map((logit) => Math.exp((logit - most) / temperature));
  let left = random * weights.reduce((sum, weight) => sum + weight, 0);
  if (!Number.isFinite(left)) return -1;
  for (let index = 0; index < weights.length; index++) {
    left -= weights[index] as number;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

export class Writer {
  readonly #net: Net;
  readonly #alphabet: Alphabet;
  readonly #window: number;
  readonly #random: () => number;
  readonly #codes: number[];

  constructor(net: Net, alphabet: Alphabet, window: number, prompt: string, seed: number) {
    this.#net = net;
    this.#alphabet = alphabet;
    this.#window = window;
    this.#random = randomSource(seed);
    this.#codes = [...alphabet.codes(prompt)];
    if (this.#codes.length === 0) this.#codes.push(...alphabet.codes("\n"));
  }

  /**
   * The next character, or undefined where the model gives no probabilities. A prompt shorter than the window stands at its beginning:
   * no layer of the stack looks ahead, so what fills the rest does not matter.
   */
  async next(temperature: number): Promise<string | undefined> {
    const { letters } = this.#alphabet;
    const recent = this.#codes.slice(-this.#window);
    const data = new Int32Array(this.#window);
    data.set(recent);
    const output = await this.#net.model.predict({ data, shape: [1, this.#window] }, { batchSize: 1 });
    const logits = Float32Array.from(await output.data());
    const place = (recent.length - 1) * letters.length;
    const index = drawIndex(logits.subarray(place, place + letters.length), temperature, this.#random());
    if (index < 0) return undefined;
    this.#codes.push(index);
    return letters[index];
  }
}

/** The characters of a text, numbered in the order of their code points. */

export class Alphabet {
  readonly letters: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.letters = [...new Set(text)].sort();
    this.#numbers = new Map(this.letters.map((letter, index) => [letter, index]));
  }

  /** The number of each character; characters that the text does not have are left out. */
  codes(text: string): Int32Array {
    return Int32Array.from(Array.from(text).flatMap((letter) => this.#numbers.get(letter) ?? []));
  }
}

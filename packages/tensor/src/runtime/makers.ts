/** @file Makers: which layer recorded which nodes of a trace, by sequence number, so that nodes carry no name of their own. */
import { type Node, newestId } from "../graph/node.ts";

export class Makers {
  /** The newest node before each maker's turn, and the maker. */
  readonly #before: number[] = [];
  readonly #names: string[] = [];

  /** What is recorded from here on is made by `maker`: a name, or whoever made a node. */
  note(maker: string | Node): void {
    const name = typeof maker === "string" ? maker : this.of(maker);
    if (name === this.#names.at(-1)) return;
    this.#before.push(newestId());
    this.#names.push(name);
  }

  /** "" where nobody has a name. */
  of({ id }: Node): string {
    let low = 0;
    let high = this.#before.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#before[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return this.#names[low - 1] ?? "";
  }
}

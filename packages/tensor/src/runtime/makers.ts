/** @file Makers: which layer recorded which nodes of a trace. */
import type { Node } from "../graph/node.ts";
import { Origins } from "../graph/origins.ts";

export class Makers {
  readonly #names = new Origins<string>();

  /** What is recorded from here on is made by `maker`: a name, or whoever made a node. */
  note(maker: string | Node): void {
    const name = typeof maker === "string" ? maker : this.of(maker);
    if (name !== this.#names.latest) this.#names.begin(name);
  }

  /** "" where nobody has a name. */
  of({ id }: Node): string {
    return this.#names.of(id) ?? "";
  }
}

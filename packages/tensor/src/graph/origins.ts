/** @file Origins: what stretches of recorded nodes come from, by sequence number, so that nodes carry no name of their own. */
import { newestId } from "./node.ts";

export class Origins<T> {
  /** The newest node before each stretch, and where the stretch comes from. */
  readonly #before: number[] = [];
  readonly #origins: T[] = [];

  /** What the latest stretch comes from. */
  get latest(): T | undefined {
    return this.#origins.at(-1);
  }

  /** What is recorded from here on comes from `origin`. */
  begin(origin: T): void {
    this.#before.push(newestId());
    this.#origins.push(origin);
  }

  /** The origin of the node with this sequence number; undefined before the first stretch. */
  of(id: number): T | undefined {
    let low = 0;
    let high = this.#before.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#before[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return this.#origins[low - 1];
  }
}

/** A look inside a convolutional network: the filters it has learned and what each layer makes of one picture. */

import { layers, Model, type Tensor } from "tenrec";
import type { LayerSpec } from "../project/project.ts";
import type { ArrayData } from "./arrays.ts";
import type { Net } from "./model.ts";
import type { InsideLayer, Stack } from "./protocol.ts";

async function read(tensor: {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
}): Promise<Stack> {
  return { shape: [...tensor.shape], values: Float32Array.from(await tensor.data()) };
}

export class Inside {
  readonly net: Net;
  /** Which cards are convolutions or pooling. */
  readonly #places: readonly number[];
  /** From the model's input to the outputs of those cards; it shares their weights. */
  readonly #maps: Model | undefined;

  constructor(net: Net, stack: readonly LayerSpec[]) {
    this.net = net;
    this.#places = stack.flatMap(({ kind }, index) => (kind === "conv" || kind === "pool" ? [index] : []));
    const outputs = this.#places.flatMap((place) => net.cards[place]?.output ?? []);
    if (outputs.length > 0) this.#maps = new Model({ inputs: net.input, outputs });
  }

  /** Filters of the convolutions, and every card's maps of `picture` [1, side, side, 1] where there is one. */
  async look(picture: ArrayData | null): Promise<readonly InsideLayer[]> {
    const maps = picture === null ? [] : await this.#mapsOf(picture);
    return Promise.all(
      this.#places.map(async (place, index) => {
        const [layer] = this.net.cards[place]?.layers ?? [];
        const kernel = layer instanceof layers.Conv2D ? layer.kernel : null;
        const filters = kernel === null ? {} : { filters: await read(kernel) };
        const seen = maps[index];
        return { place, ...filters, ...(seen === undefined ? {} : { maps: await read(seen) }) };
      }),
    );
  }

  async #mapsOf(picture: ArrayData): Promise<readonly Tensor[]> {
    if (this.#maps === undefined) return [];
    const found: unknown = await this.#maps.predict(picture, { batchSize: 1 });
    return (Array.isArray(found) ? found : [found]) as readonly Tensor[];
  }
}

/** `<tenrec-tiles>`: many small pictures of numbers on one canvas, coloured by sign and size, each value a sharp square. */

import { css, html, type PropertyValues } from "lit";
import { palette, signed } from "./colours.ts";
import { onResize } from "./onResize.ts";
import { SignalElement } from "./signalElement.ts";
import { type Layout, layOut, type Tiles } from "./tileLayout.ts";

export class TilesView extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      canvas {
        display: block;
        max-width: 100%;
      }
    `,
  ];

  static override properties = { label: {}, tiles: { attribute: false } };
  declare label: string;
  declare tiles: Tiles | undefined;

  constructor() {
    super();
    this.label = "";
    onResize(this, () => this.#paint());
  }

  protected override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    this.#paint();
  }

  #paint(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    const { tiles } = this;
    if (canvas === null || tiles === undefined || this.clientWidth === 0) return;
    const scale = Math.max(1, devicePixelRatio);
    const layout = layOut(tiles, Math.floor(this.clientWidth * scale), scale);
    canvas.width = layout.columns * (tiles.width * layout.cell + layout.gap) - layout.gap;
    canvas.height = layout.rows * (tiles.height * layout.cell + layout.gap) - layout.gap;
    canvas.style.width = `${canvas.width / scale}px`;
    this.#paintPictures(canvas, tiles, layout);
  }

  /** One scale for all pictures, so that they compare. */
  #paintPictures(canvas: HTMLCanvasElement, tiles: Tiles, { columns, cell, gap }: Layout): void {
    const context = canvas.getContext("2d");
    if (context === null) return;
    const largest = tiles.pictures.flatMap((values) => Array.from(values, Math.abs));
    const most = largest.reduce((left, right) => Math.max(left, right), 0) || 1;
    tiles.pictures.forEach((values, index) => {
      const left = (index % columns) * (tiles.width * cell + gap);
      const top = Math.floor(index / columns) * (tiles.height * cell + gap);
      values.forEach((value, place) => {
        context.fillStyle = `rgb(${signed(Number.isFinite(value) ? value / most : 0, palette.value).join(" ")})`;
        const [x, y] = [place % tiles.width, Math.floor(place / tiles.width)];
        context.fillRect(left + x * cell, top + y * cell, cell, cell);
      });
    });
  }

  override render() {
    return html`<canvas role="img" aria-label=${this.label} data-ink=${palette.value.ink}></canvas>`;
  }
}

customElements.define("tenrec-tiles", TilesView);

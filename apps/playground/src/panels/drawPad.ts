/** `<tenrec-draw>`: one digit drawn by pointer; a `strokes` event follows each change. */

import { css, html } from "lit";
import { translate } from "../i18n/language.ts";
import { palette } from "../ui/colours.ts";
import type { PenPoint, Stroke } from "../ui/digit.ts";
import { onResize } from "../ui/onResize.ts";
import { SignalElement } from "../ui/signalElement.ts";

/** Pen width as a share of the pad. */
const penWidth = 0.085;

export class DrawPad extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background:
          linear-gradient(var(--line) 1px, transparent 1px) 0 -1px / 12.5% 12.5%,
          linear-gradient(90deg, var(--line) 1px, transparent 1px) -1px 0 / 12.5% 12.5%,
          var(--surface);
        cursor: crosshair;
        touch-action: none;
      }
    `,
  ];

  #strokes: PenPoint[][] = [];
  #drawing = false;

  constructor() {
    super();
    onResize(this, () => this.#paint());
  }

  get strokes(): readonly Stroke[] {
    return this.#strokes;
  }

  protected override updated(): void {
    this.#paint();
  }

  clear(): void {
    this.#strokes = [];
    this.#paint();
  }

  #place(event: PointerEvent): PenPoint {
    const box = (event.target as Element).getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  #down(event: PointerEvent): void {
    (event.target as Element).setPointerCapture(event.pointerId);
    this.#drawing = true;
    this.#strokes.push([this.#place(event)]);
    this.#changed();
  }

  #move(event: PointerEvent): void {
    if (!this.#drawing) return;
    const stroke = this.#strokes.at(-1);
    stroke?.push(...(event.getCoalescedEvents?.() ?? [event]).map((part) => this.#place(part)));
    this.#changed();
  }

  #up(): void {
    this.#drawing = false;
  }

  #changed(): void {
    this.#paint();
    this.dispatchEvent(new Event("strokes"));
  }

  #paint(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const side = Math.round(canvas.clientWidth * Math.max(1, devicePixelRatio));
    canvas.width = side;
    canvas.height = side;
    context.strokeStyle = palette.value.ink;
    context.lineWidth = penWidth * side;
    context.lineCap = "round";
    context.lineJoin = "round";
    for (const stroke of this.#strokes) {
      context.beginPath();
      stroke.forEach(({ x, y }, index) => {
        if (index === 0) context.moveTo(x * side, y * side);
        context.lineTo(x * side, y * side);
      });
      context.stroke();
    }
  }

  override render() {
    return html`<canvas
      role="img"
      aria-label=${translate("result.canvas")}
      data-ink=${palette.value.ink}
      @pointerdown=${this.#down}
      @pointermove=${this.#move}
      @pointerup=${this.#up}
      @pointercancel=${this.#up}
    ></canvas>`;
  }
}

customElements.define("tenrec-draw", DrawPad);

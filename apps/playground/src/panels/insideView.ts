/** `<tenrec-inside>`: the filters of each convolution and the maps that it and each pooling make of the digit, live. */

import { css, html, nothing } from "lit";
import { formatPrecise, translate } from "../i18n/language.ts";
import { probe, project, snapshot } from "../state/session.ts";
import { SignalElement } from "../ui/signalElement.ts";
import type { InsideLayer, Stack } from "../worker/protocol.ts";
import { activeCount, filterTiles, mapTiles, range } from "./insideTiles.ts";
import "../ui/tiles.ts";

export class InsideView extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 4px 24px;
      }

      .scale {
        display: flex;
        align-items: center;
        gap: 8px;
        font-size: var(--small);
      }

      .scale i {
        width: 96px;
        height: 8px;
        border: 1px solid var(--line);
        border-radius: 2px;
        background: linear-gradient(to right, var(--class-a), var(--sunken), var(--class-b));
      }

      li {
        padding-top: 8px;
        border-top: 1px solid var(--line);
      }

      li h3 {
        color: var(--ink);
        font-weight: 600;
      }

      .pair {
        display: grid;
        grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
        gap: 8px 24px;
        margin-top: 8px;
      }

      figcaption {
        margin-bottom: 4px;
        color: var(--muted);
        font-size: var(--small);
        line-height: 16px;
      }

      @media (max-width: 699px) {
        .pair {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  #span(stack: Stack) {
    const [least, most] = range(stack);
    return { least: formatPrecise(least), most: formatPrecise(most) };
  }

  #filters(stack: Stack) {
    const [side = 1, , channels = 1, count = 1] = stack.shape;
    const label = translate("inside.filters.label", { side, channels, count, ...this.#span(stack) });
    return html`<figure class="filters">
      <figcaption>${translate("inside.filters")} · ${count} × ${channels} × ${side} × ${side}</figcaption>
      <tenrec-tiles label=${label} .tiles=${filterTiles(stack)}></tenrec-tiles>
    </figure>`;
  }

  #maps(stack: Stack) {
    const [, height = 1, width = 1, count = 1] = stack.shape;
    const tiles = mapTiles(stack);
    const values = { height, width, count, active: activeCount(tiles), ...this.#span(stack) };
    return html`<figure class="maps">
      <figcaption>${translate("inside.maps")} · ${count} × ${height} × ${width}</figcaption>
      <tenrec-tiles label=${translate("inside.maps.label", values)} .tiles=${tiles}></tenrec-tiles>
    </figure>`;
  }

  #layer({ place, filters, maps }: InsideLayer) {
    const kind = project.value.model.layers[place]?.kind ?? "conv";
    const name = translate("inside.layer", { index: place + 1, kind: translate(`model.${kind}`) });
    return html`<li>
      <h3>${name}</h3>
      <div class="pair">
        ${filters ? this.#filters(filters) : html`<span></span>`}${maps ? this.#maps(maps) : nothing}
      </div>
    </li>`;
  }

  #scale() {
    return html`<div class="scale">
      <span>${translate("inside.negative")}</span><i aria-hidden="true"></i><span>${translate("inside.positive")}</span>
    </div>`;
  }

  override render() {
    const layers = snapshot.value?.inside;
    if (layers === undefined) return nothing;
    if (layers.length === 0) return html`<p class="muted">${translate("inside.none")}</p>`;
    return html`<div class="stack">
      <div>
        <div class="head"><h2>${translate("inside.title")}</h2>${this.#scale()}</div>
        <p class="muted">${translate(probe.value === null ? "inside.maps.none" : "inside.lead")}</p>
      </div>
      <ol class="stack">${layers.map((layer) => this.#layer(layer))}</ol>
    </div>`;
  }
}

customElements.define("tenrec-inside", InsideView);

/** `<tenrec-digits>`: draw a digit or choose one, see what the network sees and what it makes of it, live. */

import { signal } from "@preact/signals-core";
import { html, nothing, type PropertyValues, svg } from "lit";
import { formatPercent, formatWhole, translate } from "../i18n/language.ts";
import type { DataSet } from "../project/project.ts";
import { announce } from "../state/announcer.ts";
import { built, probe, project, showProbe, snapshot } from "../state/session.ts";
import { toPixels } from "../ui/digit.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import { digitsStyles } from "./digitsView.styles.ts";
import type { DrawPad } from "./drawPad.ts";
import "./drawPad.ts";

const pixelCount = 64;

export class DigitsView extends SignalElement {
  static override styles = [...SignalElement.styles, digitsStyles];

  /** Which validation row is looked at; undefined while drawing. */
  readonly #sample = signal<number | undefined>(undefined);
  /** Whose digits are looked at. */
  #set: DataSet | undefined;

  get #pad(): DrawPad | null {
    return this.renderRoot.querySelector<DrawPad>("tenrec-draw");
  }

  /** A network that shows its inside opens with a digit to look at. */
  protected override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    const { set } = project.value.data;
    if (built.value === undefined || set === this.#set) return;
    this.#set = set;
    if (probe.value !== null) return;
    this.#clear();
    if (set === "pictures") this.#look(1, false);
  }

  #drawn(): void {
    this.#sample.value = undefined;
    showProbe(toPixels(this.#pad?.strokes ?? []));
  }

  #clear(): void {
    this.#pad?.clear();
    this.#sample.value = undefined;
    showProbe(null);
  }

  #look(by: number, spoken = true): void {
    const rows = built.value?.validation;
    if (rows === undefined) return;
    const count = rows.y.length;
    const index = ((this.#sample.value ?? (by > 0 ? -1 : 0)) + by + count) % count;
    this.#pad?.clear();
    this.#sample.value = index;
    showProbe(rows.x.slice(index * pixelCount, (index + 1) * pixelCount));
    if (spoken) announce(this.#sampleText());
  }

  #sampleText(): string {
    const rows = built.value?.validation;
    if (rows === undefined) return "";
    const index = this.#sample.value;
    const count = formatWhole(rows.y.length);
    if (index === undefined) return translate("result.sample.none", { count });
    const values = { index: formatWhole(index + 1), count, label: String(rows.y[index] ?? "") };
    return translate("result.sample.of", values);
  }

  #draw() {
    return html`<div class="draw">
      <div class="title">
        <h3>${translate("result.draw")}</h3>
        <button class="bare" id="clear" @click=${this.#clear}>${icons.remove}${translate("result.clear")}</button>
      </div>
      <tenrec-draw @strokes=${this.#drawn}></tenrec-draw>
      <p class="muted">${translate("result.draw.hint")}</p>
    </div>`;
  }

  #seen() {
    const pixels = probe.value;
    const ink = Array.from(pixels ?? [], (value, index) =>
      value === 0
        ? nothing
        : svg`<rect x=${index % 8} y=${Math.floor(index / 8)} width="1" height="1" opacity=${value} />`,
    );
    return html`<div class="seen">
      <h3>${translate("result.seen")}</h3>
      <svg
        viewBox="0 0 8 8"
        role="img"
        shape-rendering="crispEdges"
        aria-label=${translate(pixels === null ? "result.seen.empty" : "result.seen.label")}
      >
        ${ink}
      </svg>
      <div class="sample" role="group" aria-label=${translate("result.sample")}>
        <h3>${translate("result.sample")}</h3>
        <div class="row">
          <button aria-label=${translate("result.previous")} @click=${() => this.#look(-1)}>${icons.previous}</button>
          <button id="next-sample" aria-label=${translate("result.next")} @click=${() => this.#look(1)}>
            ${icons.next}
          </button>
        </div>
        <p class="muted" id="sample">${this.#sampleText()}</p>
      </div>
    </div>`;
  }

  #bar(share: number, digit: number, best: boolean) {
    return html`<li class=${best ? "best" : ""}>
      <b>${digit}</b>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="8" class="track" /><rect width=${share * 100} height="8" class="fill" />
      </svg>
      <span class="number">${formatPercent(share)}</span>
    </li>`;
  }

  #bars() {
    const shares = probe.value === null ? undefined : snapshot.value?.probe;
    const list = Array.from(shares ?? new Float32Array(10));
    const best = list.indexOf(Math.max(...list));
    const words =
      shares === undefined
        ? translate("result.bars.empty")
        : translate("result.says", { digit: best, probability: formatPercent(list[best] ?? 0) });
    return html`<div class="bars">
      <h3>${translate("result.bars")}</h3>
      <p class=${shares === undefined ? "muted" : "says"} id="says">${words}</p>
      <ol>${list.map((share, digit) => this.#bar(share, digit, shares !== undefined && digit === best))}</ol>
    </div>`;
  }

  override render() {
    return html`<div class="grid">${this.#draw()}${this.#seen()}${this.#bars()}</div>`;
  }
}

customElements.define("tenrec-digits", DigitsView);

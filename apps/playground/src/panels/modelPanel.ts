/** `<tenrec-model>`: the stack of layers, edited in place by pointer or keyboard. */

import { html, nothing, svg } from "lit";
import { formatWhole, translate } from "../i18n/language.ts";
import { limits, maxLayers } from "../project/limits.ts";
import { type Activation, activations, type LayerSpec } from "../project/project.ts";
import { announce } from "../state/announcer.ts";
import { built, change, project } from "../state/session.ts";
import { chosen, picked } from "../ui/events.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import type { LayerSummary } from "../worker/protocol.ts";
import { stackStyles } from "./modelPanel.styles.ts";
import "../ui/numberField.ts";

export class ModelPanel extends SignalElement {
  static override styles = [...SignalElement.styles, stackStyles];

  #layers(): readonly LayerSpec[] {
    return project.value.model.layers;
  }

  #replace(index: number, spec: LayerSpec): void {
    change({ model: { layers: this.#layers().with(index, spec) } });
  }

  #add(spec: LayerSpec): void {
    const layers = [...this.#layers(), spec];
    change({ model: { layers } });
    announce(translate("model.added", { index: layers.length }));
  }

  async #remove(index: number): Promise<void> {
    change({ model: { layers: this.#layers().toSpliced(index, 1) } });
    announce(translate("model.removed", { index: index + 1 }));
    await this.updateComplete;
    const next = Math.min(index, this.#layers().length - 1);
    this.#focus(next < 0 ? ".add button" : `[data-index="${next}"]`);
  }

  async #move(index: number, by: number): Promise<void> {
    const to = index + by;
    const layers = [...this.#layers()];
    if (to < 0 || to >= layers.length) return;
    layers.splice(to, 0, ...layers.splice(index, 1));
    change({ model: { layers } });
    announce(translate("model.moved", { index: to + 1, count: layers.length }));
    await this.updateComplete;
    this.#focus(`[data-index="${to}"]`);
  }

  #focus(selector: string): void {
    this.renderRoot.querySelector<HTMLElement>(selector)?.focus();
  }

  /** Alt and an arrow moves the card the focus is in. */
  #key(event: KeyboardEvent, index: number): void {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || by === undefined) return;
    event.preventDefault();
    void this.#move(index, by);
  }

  #summary(layer: LayerSummary | undefined) {
    if (layer === undefined) return nothing;
    const width = layer.shape.reduce((product, size) => product * size, 1);
    return html`<p class="muted facts">
      <span>${translate("model.shape", { count: formatWhole(width) })}</span>
      <span>${layer.params === 0 ? nothing : translate("model.params", { count: formatWhole(layer.params) })}</span>
    </p>`;
  }

  /** One tick a unit, up to what fits: the widths of the layers at a glance. */
  #ticks(units: number) {
    const shown = Math.min(units, 40);
    return html`<svg class="ticks" height="8" width=${shown * 6} aria-hidden="true">
      ${Array.from({ length: shown }, (_, index) => svg`<rect x=${index * 6} width="4" height="8" rx="1" />`)}
    </svg>`;
  }

  #fields(spec: LayerSpec, index: number) {
    if (spec.kind === "dropout") {
      return html`<div class="fields">
        <tenrec-number
          label=${translate("model.rate")}
          .rule=${limits.rate}
          .value=${spec.rate}
          @pick=${(event: Event) => this.#replace(index, { ...spec, rate: picked(event) })}
        ></tenrec-number>
      </div>`;
    }
    const activate = (event: Event) =>
      this.#replace(index, { ...spec, activation: chosen(event) as Activation });
    return html`<div class="fields">
      <tenrec-number
        label=${translate("model.units")}
        .rule=${limits.units}
        .value=${spec.units}
        @pick=${(event: Event) => this.#replace(index, { ...spec, units: picked(event) })}
      ></tenrec-number>
      <div>
        <label class="label" for="activation-${index}">${translate("model.activation")}</label>
        <select id="activation-${index}" @change=${activate}>
          ${activations.map(
            (name) => html`<option value=${name} .selected=${name === spec.activation}>${name}</option>`,
          )}
        </select>
      </div>
    </div>`;
  }

  #tools(index: number, count: number) {
    const place = { index: index + 1 };
    const tool = (key: "model.up" | "model.down" | "model.remove", act: () => unknown, off: boolean) => {
      const icon = { "model.up": icons.up, "model.down": icons.down, "model.remove": icons.remove }[key];
      const text = translate(key, place);
      return html`<button class="bare" aria-label=${text} title=${text} ?disabled=${off} @click=${act}>${icon}</button>`;
    };
    return html`<div class="tools">
      ${tool("model.up", () => this.#move(index, -1), index === 0)}
      ${tool("model.down", () => this.#move(index, 1), index === count - 1)}
      ${tool("model.remove", () => this.#remove(index), false)}
    </div>`;
  }

  #card(spec: LayerSpec, index: number, count: number) {
    const kind = translate(`model.${spec.kind}`);
    return html`<li
      class="card"
      tabindex="-1"
      data-index=${index}
      aria-label=${translate("model.layer", { index: index + 1, kind })}
      @keydown=${(event: KeyboardEvent) => this.#key(event, index)}
    >
      <div class="title"><b>${kind}</b>${this.#tools(index, count)}</div>
      ${this.#fields(spec, index)}${spec.kind === "dense" ? this.#ticks(spec.units) : nothing}
      ${this.#summary(built.value?.layers[index])}
    </li>`;
  }

  #fixed(title: string, detail: string, layer?: LayerSummary) {
    return html`<li class="card fixed">
      <div class="title"><b>${title}</b><span class="muted">${detail}</span></div>
      ${this.#summary(layer)}
    </li>`;
  }

  #adders() {
    const count = this.#layers().length;
    if (count >= maxLayers)
      return html`<p class="muted">${translate("model.full", { count: maxLayers })}</p>`;
    return html`<div class="add" role="group" aria-label=${translate("model.add")}>
      <button @click=${() => this.#add({ kind: "dense", units: 8, activation: "relu" })}>
        ${icons.add}${translate("model.addDense")}
      </button>
      <button @click=${() => this.#add({ kind: "dropout", rate: 0.2 })}>
        ${icons.add}${translate("model.addDropout")}
      </button>
    </div>`;
  }

  override render() {
    const layers = this.#layers();
    const known = built.value;
    const classes = known?.classes ?? (project.value.task === "images" ? 10 : 2);
    return html`<div class="head">
        <h2 id="model">${translate("model.title")}</h2>
        <span class="muted" id="params">
          ${known ? translate("model.params", { count: formatWhole(known.params) }) : nothing}
        </span>
      </div>
      <ol class="layers" aria-label=${translate("model.stack")}>
        ${this.#fixed(translate("model.input"), translate(`model.input.${project.value.task}`))}
        ${layers.map((spec, index) => this.#card(spec, index, layers.length))}
        <li class="adders">${this.#adders()}</li>
        ${this.#fixed(translate("model.output"), translate("model.output.detail", { classes }), known?.layers.at(-1))}
      </ol>
      <p class="muted">${translate("model.hint")}</p>`;
  }
}

customElements.define("tenrec-model", ModelPanel);

/** `<tenrec-model>`: the stack of layers, edited in place by pointer or keyboard. */

import { html, nothing } from "lit";
import { formatWhole, translate } from "../i18n/language.ts";
import { maxLayers } from "../project/limits.ts";
import type { LayerKind, LayerSpec } from "../project/project.ts";
import { freshLayer, isFixed, kindsFor, stackFault, withLayer } from "../project/stack.ts";
import { announce } from "../state/announcer.ts";
import { built, change, project } from "../state/session.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import type { LayerSummary } from "../worker/protocol.ts";
import { layerFields, ticks } from "./layerFields.ts";
import { stackStyles } from "./modelPanel.styles.ts";

export class ModelPanel extends SignalElement {
  static override styles = [...SignalElement.styles, stackStyles];

  #layers(): readonly LayerSpec[] {
    return project.value.model.layers;
  }

  #replace(index: number, spec: LayerSpec): void {
    change({ model: { layers: this.#layers().with(index, spec) } });
  }

  #add(kind: LayerKind): void {
    const [layers, place] = withLayer(project.value.data.set, this.#layers(), freshLayer(kind));
    change({ model: { layers } });
    announce(translate("model.added", { index: place + 1 }));
  }

  async #remove(index: number): Promise<void> {
    change({ model: { layers: this.#layers().toSpliced(index, 1) } });
    announce(translate("model.removed", { index: index + 1 }));
    await this.updateComplete;
    const next = Math.min(index, this.#layers().length - 1);
    this.#focus(next < 0 ? ".add button" : `[data-index="${next}"]`);
  }

  /** The stack with one card moved, or undefined where it may not stand there. */
  #moved(index: number, by: number): readonly LayerSpec[] | undefined {
    const { set } = project.value.data;
    const to = index + by;
    const layers = [...this.#layers()];
    if (to < 0 || to >= layers.length || isFixed(set, index) || isFixed(set, to)) return undefined;
    layers.splice(to, 0, ...layers.splice(index, 1));
    return stackFault(set, layers) === undefined ? layers : undefined;
  }

  async #move(index: number, by: number): Promise<void> {
    const to = index + by;
    const layers = this.#moved(index, by);
    if (layers === undefined) return;
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
    const [first = 1, ...rest] = layer.shape.map(formatWhole);
    const size =
      rest.length === 0 ? translate("model.shape", { count: first }) : [first, ...rest].join(" × ");
    return html`<p class="muted facts">
      <span>${size}</span>
      <span>${layer.params === 0 ? nothing : translate("model.params", { count: formatWhole(layer.params) })}</span>
    </p>`;
  }

  #tools(index: number) {
    const place = { index: index + 1 };
    const tool = (key: "model.up" | "model.down" | "model.remove", act: () => unknown, off: boolean) => {
      const icon = { "model.up": icons.up, "model.down": icons.down, "model.remove": icons.remove }[key];
      const text = translate(key, place);
      return html`<button class="bare" aria-label=${text} title=${text} ?disabled=${off} @click=${act}>${icon}</button>`;
    };
    return html`<div class="tools">
      ${tool("model.up", () => this.#move(index, -1), this.#moved(index, -1) === undefined)}
      ${tool("model.down", () => this.#move(index, 1), this.#moved(index, 1) === undefined)}
      ${tool("model.remove", () => this.#remove(index), false)}
    </div>`;
  }

  #card(spec: LayerSpec, index: number) {
    const kind = translate(`model.${spec.kind}`);
    return html`<li
      class="card"
      tabindex="-1"
      data-index=${index}
      aria-label=${translate("model.layer", { index: index + 1, kind })}
      @keydown=${(event: KeyboardEvent) => this.#key(event, index)}
    >
      <div class="title"><b>${kind}</b>${isFixed(project.value.data.set, index) ? nothing : this.#tools(index)}</div>
      ${layerFields(spec, index, (next) => this.#replace(index, next))}${ticks(spec)}
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
      ${kindsFor(project.value.data.set).map(
        (kind) =>
          html`<button @click=${() => this.#add(kind)}>${icons.add}${translate(`model.${kind}`)}</button>`,
      )}
    </div>`;
  }

  #input() {
    const { task, data } = project.value;
    const key = data.set === "pictures" ? "model.input.pictures" : (`model.input.${task}` as const);
    return this.#fixed(translate("model.input"), translate(key, { window: data.window }));
  }

  #output() {
    const known = built.value;
    const detail = known ? translate("model.output.detail", { classes: known.classes }) : "";
    return this.#fixed(translate("model.output"), detail, known?.layers.at(-1));
  }

  override render() {
    const known = built.value;
    return html`<div class="head">
        <h2 id="model">${translate("model.title")}</h2>
        <span class="muted" id="params">
          ${known ? translate("model.params", { count: formatWhole(known.params) }) : nothing}
        </span>
      </div>
      <ol class="layers" aria-label=${translate("model.stack")}>
        ${this.#input()}${this.#layers().map((spec, index) => this.#card(spec, index))}
        <li class="adders">${this.#adders()}</li>
        ${this.#output()}
      </ol>
      <p class="muted">${translate("model.hint")}</p>`;
  }
}

customElements.define("tenrec-model", ModelPanel);

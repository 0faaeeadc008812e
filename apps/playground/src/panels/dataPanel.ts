/** `<tenrec-data>`: which data, how much, how noisy, how split. */

import { css, html, nothing } from "lit";
import { formatWhole, translate } from "../i18n/language.ts";
import { limits, type NumberRule } from "../project/limits.ts";
import { type DataSet, dataSets } from "../project/project.ts";
import { built, change, chooseDataSet, project } from "../state/session.ts";
import { picked } from "../ui/events.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import { thumbnail } from "../ui/thumbnails.ts";
import "../ui/numberField.ts";

/** Where the data come from. */
const abouts = { images: "data.digits.about", text: "data.text.about" } as const;

export class DataPanel extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      h2 {
        margin-bottom: 8px;
      }

      .sets {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(64px, 1fr));
        gap: 8px;
        margin-top: 8px;
      }

      .set {
        position: relative;
        display: grid;
        justify-items: center;
        gap: 4px;
        padding: 8px 4px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        font-size: var(--small);
        line-height: 16px;
        text-align: center;
        cursor: pointer;
      }

      .set:hover {
        border-color: var(--edge);
      }

      .set:has(:checked) {
        border-color: var(--accent);
        background: var(--accent-soft);
        box-shadow: inset 0 0 0 1px var(--accent);
        font-weight: 600;
      }

      .set:has(:focus-visible) {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }

      .set input {
        position: absolute;
        inset: 0;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }
    `,
  ];

  #choice(set: DataSet) {
    return html`<label class="set">
      <input
        type="radio"
        name="set"
        value=${set}
        .checked=${project.value.data.set === set}
        @change=${() => chooseDataSet(set)}
      />
      ${thumbnail(set)}<span>${translate(`data.${set}`)}</span>
    </label>`;
  }

  #field(name: "samples" | "noise" | "validation" | "window", rule: NumberRule = limits[name]) {
    return html`<tenrec-number
      slider
      label=${translate(`data.${name}`)}
      .rule=${rule}
      .value=${project.value.data[name]}
      @pick=${(event: Event) => change({ data: { [name]: picked(event) } })}
    ></tenrec-number>`;
  }

  #split() {
    const counts = built.value?.counts;
    if (counts === undefined) return nothing;
    const key = project.value.task === "text" ? "data.text.split" : "data.validation.hint";
    const values = { train: formatWhole(counts.train), validation: formatWhole(counts.validation) };
    return html`<p class="muted" id="split">${translate(key, values)}</p>`;
  }

  /** What says how much there is to learn from: rows and their noise, or the length of a window of text. */
  #amount() {
    const { task } = project.value;
    if (task === "text") return this.#field("window");
    const rows = this.#field("samples", {
      ...limits.samples,
      max: task === "images" ? 1797 : limits.samples.max,
    });
    return html`${rows}${task === "images" ? nothing : this.#field("noise")}`;
  }

  #redraw() {
    const { task, data } = project.value;
    if (task === "text") return nothing;
    return html`<button @click=${() => change({ data: { seed: data.seed + 1 } })}>
      ${icons.shuffle}${translate(task === "images" ? "data.reshuffle" : "data.redraw")}
    </button>`;
  }

  override render() {
    const { task } = project.value;
    return html`<h2 id="data">${translate("data.title")}</h2>
      <div class="stack">
        <fieldset>
          <legend>${translate("data.set")}</legend>
          <div class="sets">${dataSets.map((set) => this.#choice(set))}</div>
        </fieldset>
        ${task === "points" ? nothing : html`<p class="muted">${translate(abouts[task])}</p>`}
        ${this.#amount()}
        <div>${this.#field("validation")}${this.#split()}</div>
        ${this.#redraw()}
      </div>`;
  }
}

customElements.define("tenrec-data", DataPanel);

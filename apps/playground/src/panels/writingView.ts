/** `<tenrec-writing>`: what a character model writes, while it learns and when it is asked to. */

import { html, nothing } from "lit";
import { formatWhole, translate } from "../i18n/language.ts";
import { limits, maxPrompt } from "../project/limits.ts";
import {
  built,
  change,
  charactersPerSecond,
  earlier,
  project,
  running,
  write,
  writing,
} from "../state/session.ts";
import { chosen, picked } from "../ui/events.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import type { Written } from "../worker/protocol.ts";
import { writingStyles } from "./writingView.styles.ts";
import "../ui/numberField.ts";

export class WritingView extends SignalElement {
  static override styles = [...SignalElement.styles, writingStyles];

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    write();
  }

  /** Characters of the prompt that the model has never seen, each once. */
  #unknown(): string {
    const letters = built.value?.letters;
    if (letters === undefined) return "";
    const unknown = Array.from(project.value.view.prompt).filter((letter) => !letters.includes(letter));
    return [...new Set(unknown)].join(" ");
  }

  #form() {
    const unknown = this.#unknown();
    return html`<form @submit=${this.#submit}>
      <div>
        <label class="label" for="prompt">${translate("text.prompt")}</label>
        <input
          id="prompt"
          type="text"
          autocomplete="off"
          spellcheck="false"
          maxlength=${maxPrompt}
          .value=${project.value.view.prompt}
          aria-describedby=${unknown === "" ? nothing : "unknown"}
          @input=${(event: Event) => change({ view: { prompt: chosen(event) } })}
        />
      </div>
      <button class="primary" id="generate">${icons.pen}${translate("text.generate")}</button>
      ${unknown === "" ? nothing : html`<p id="unknown" role="alert">${translate("text.unknown", { letters: unknown })}</p>`}
    </form>`;
  }

  #knob(name: "temperature" | "sampleEvery", key: "text.temperature" | "text.every") {
    return html`<tenrec-number
      slider
      label=${translate(key)}
      .rule=${limits[name]}
      .value=${project.value.view[name]}
      @pick=${(event: Event) => change({ view: { [name]: picked(event) } })}
    ></tenrec-number>`;
  }

  /** The text is English whatever the language of the page is. */
  #quote({ prompt, text, done }: Written) {
    const caret = done ? nothing : html`<span class="caret"></span>`;
    return html`<blockquote lang="en"><b>${prompt}</b>${text}${caret}</blockquote>`;
  }

  #caption({ step, done }: Written) {
    return html`<figcaption>
      <span>${translate("text.at", { step: formatWhole(step) })}</span>
      <span>${done ? nothing : translate("text.writing")}</span>
    </figcaption>`;
  }

  #page() {
    const now = writing.value;
    if (now === undefined) return html`<p class="page muted">${translate("text.waiting")}</p>`;
    return html`<figure class="page" id="written" data-done=${now.done ? "true" : "false"}>
      ${this.#caption(now)}${this.#quote(now)}
    </figure>`;
  }

  #earlier() {
    const texts = earlier.value;
    if (texts.length === 0) return nothing;
    return html`<div>
      <h3>${translate("text.earlier")}</h3>
      <ol id="earlier">
        ${texts.map((text) => html`<li><figure>${this.#caption({ ...text, done: true })}${this.#quote({ ...text, done: true })}</figure></li>`)}
      </ol>
    </div>`;
  }

  #reading() {
    const count = formatWhole(charactersPerSecond.value);
    return html`<p class="muted" id="reading">
      ${running.value ? translate("text.reading", { count }) : translate("text.rest")}
    </p>`;
  }

  override render() {
    return html`<div class="stack">
      ${this.#form()}
      <div class="knobs">
        ${this.#knob("temperature", "text.temperature")}${this.#knob("sampleEvery", "text.every")}
      </div>
      ${this.#page()}${this.#reading()}${this.#earlier()}
    </div>`;
  }
}

customElements.define("tenrec-writing", WritingView);

/** `<tenrec-playground>`: the screen: header, training bar and the regions Data, Model, Result. */

import { signal } from "@preact/signals-core";
import { html, nothing } from "lit";
import { type Language, language, languageNames, languages, translate } from "../i18n/language.ts";
import { announcement } from "../state/announcer.ts";
import { copyLink, linkCopied } from "../state/link.ts";
import { chooseLanguage, chooseTheme, theme, themes } from "../state/preferences.ts";
import { chosen } from "../ui/events.ts";
import { icons, logo } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import { playgroundStyles } from "./playground.styles.ts";
import type { TrainingBar } from "./trainingBar.ts";
import "./backendBadge.ts";
import "./curvesPanel.ts";
import "./dataPanel.ts";
import "./modelPanel.ts";
import "./problemBanner.ts";
import "./resultPanel.ts";
import "./trainPanel.ts";
import "./trainingBar.ts";

const regions = ["data", "model", "result"] as const;
type Region = (typeof regions)[number];

export class Playground extends SignalElement {
  static override styles = [...SignalElement.styles, playgroundStyles];

  /** The region in sight where only one fits. */
  readonly #region = signal<Region>("result");

  protected override async firstUpdated(): Promise<void> {
    const bar = this.renderRoot.querySelector<TrainingBar>("tenrec-bar");
    await bar?.updateComplete;
    bar?.focusPlay();
  }

  #skip(): void {
    this.#region.value = "result";
    this.renderRoot.querySelector<HTMLElement>("#result")?.focus();
  }

  #nextTheme(): void {
    chooseTheme(themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "auto");
  }

  #header() {
    const themeText = translate(`theme.${theme.value}`);
    const shareText = translate(linkCopied.value ? "app.shared" : "app.share");
    return html`<header>
      <button class="primary skip" @click=${this.#skip}>${translate("app.skip")}</button>
      <h1>${logo}<span>${translate("app.title")}</span></h1>
      <p class="muted lead">${translate("app.lead")}</p>
      <tenrec-backend></tenrec-backend>
      <button class="bare share" aria-label=${shareText} title=${shareText} @click=${copyLink}>
        ${linkCopied.value ? icons.check : icons.link}<span>${shareText}</span>
      </button>
      <select
        id="language"
        aria-label=${translate("app.language")}
        @change=${(event: Event) => chooseLanguage(chosen(event) as Language)}
      >
        ${languages.map(
          (name) =>
            html`<option value=${name} lang=${name} .selected=${name === language.value}>${languageNames[name]}</option>`,
        )}
      </select>
      <button class="bare" id="theme" aria-label=${themeText} title=${themeText} @click=${this.#nextTheme}>
        ${icons[theme.value]}
      </button>
    </header>`;
  }

  #tabs() {
    return html`<nav class="tabs" aria-label=${translate("nav.label")}>
      ${regions.map(
        (name) => html`<button
          aria-pressed=${this.#region.value === name ? "true" : "false"}
          data-region=${name}
          @click=${() => this.#show(name)}
        >
          ${translate(`nav.${name}`)}
        </button>`,
      )}
    </nav>`;
  }

  #show(name: Region): void {
    this.#region.value = name;
    scrollTo({ top: 0 });
  }

  #main() {
    return html`<main data-region=${this.#region.value}>
      <tenrec-problem class="banner"></tenrec-problem>
      <section class="region data" aria-label=${translate("nav.data")}>
        <tenrec-data class="panel"></tenrec-data>
      </section>
      <section class="region model" aria-label=${translate("nav.model")}>
        <tenrec-model class="panel"></tenrec-model>
        <tenrec-train class="panel"></tenrec-train>
      </section>
      <section class="region result" id="result" tabindex="-1" aria-label=${translate("nav.result")}>
        <tenrec-result class="panel"></tenrec-result>
        <tenrec-curves class="panel"></tenrec-curves>
      </section>
    </main>`;
  }

  override render() {
    return html`${this.#header()}
      <section class="dock" aria-label=${translate("bar.label")}><tenrec-bar></tenrec-bar>${this.#tabs()}</section>
      ${this.#main()}
      <footer class="muted">${translate("app.keys")}</footer>
      <p class="hidden" role="status" id="live">${announcement.value || nothing}</p>`;
  }
}

customElements.define("tenrec-playground", Playground);

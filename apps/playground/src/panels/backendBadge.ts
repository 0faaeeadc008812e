/** `<tenrec-backend>`: where training runs and why, and the choice of another place. */

import { css, html, nothing } from "lit";
import type { MessageKey } from "../i18n/en.ts";
import { translate } from "../i18n/language.ts";
import { backend, backendChoice, chooseBackend, problem } from "../state/session.ts";
import { chosen } from "../ui/events.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import type { BackendChoice, BackendInfo } from "../worker/protocol.ts";

const choices: readonly BackendChoice[] = ["auto", "webgpu", "cpu"];
const choiceNames: Readonly<Record<BackendChoice, MessageKey>> = {
  auto: "backend.auto",
  webgpu: "backend.webgpu",
  cpu: "backend.cpu",
};

type Place = "webgpu" | "software" | "cpu";

function placeOf(info: BackendInfo): Place {
  if (info.backend === "cpu") return "cpu";
  return info.adapter?.software ? "software" : "webgpu";
}

/** The adapter in the browser's words; browsers may withhold each part. */
function adapterName({ adapter }: BackendInfo): string {
  const parts = [adapter?.vendor, adapter?.architecture].filter((part) => part);
  return adapter?.description || parts.join(" ") || translate("backend.unknownAdapter");
}

export class BackendBadge extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      details {
        position: relative;
      }

      summary {
        display: flex;
        align-items: center;
        gap: 8px;
        min-height: 32px;
        padding: 0 12px;
        border: 1px solid var(--line);
        border-radius: 16px;
        background: var(--surface);
        font-size: var(--small);
        white-space: nowrap;
        list-style: none;
      }

      summary::-webkit-details-marker {
        display: none;
      }

      summary:hover {
        border-color: var(--edge);
      }

      summary svg {
        color: var(--accent);
      }

      .cpu svg,
      .software svg,
      .failed svg {
        color: var(--warn);
      }

      .sheet {
        position: absolute;
        right: 0;
        z-index: 4;
        display: grid;
        gap: 8px;
        width: min(320px, calc(100vw - 32px));
        margin-top: 8px;
        padding: 16px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: 0 4px 16px rgb(0 0 0 / 12%);
      }

      .sheet p {
        overflow-wrap: anywhere;
      }

      .choice {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }

      .choice select {
        width: auto;
      }

      @media (max-width: 599px) {
        .sheet {
          right: auto;
          left: 0;
        }
      }
    `,
  ];

  #close(event: KeyboardEvent): void {
    const details = event.currentTarget as HTMLDetailsElement;
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  }

  /** Closes when the focus goes elsewhere on the page. */
  #leave(event: FocusEvent): void {
    const details = event.currentTarget as HTMLDetailsElement;
    if (!details.contains(event.relatedTarget as Node | null)) details.open = false;
  }

  #detail(info: BackendInfo) {
    const place = placeOf(info);
    return html`<p>${translate(`backend.detail.${place}`)}</p>
      ${place === "cpu" ? nothing : html`<p class="muted" id="adapter" lang="en">${adapterName(info)}</p>`}
      ${info.notice === undefined ? nothing : html`<p class="muted" id="notice" lang="en">${info.notice}</p>`}`;
  }

  #choice() {
    const pick = (event: Event) => chooseBackend(chosen(event) as BackendChoice);
    return html`<div class="choice">
      <label class="label" for="choice">${translate("backend.choice")}</label>
      <select id="choice" @change=${pick}>
        ${choices.map(
          (name) =>
            html`<option value=${name} .selected=${name === backendChoice.value}>
              ${translate(choiceNames[name])}
            </option>`,
        )}
      </select>
    </div>`;
  }

  override render() {
    const info = backend.value;
    const failed = info === undefined && problem.value !== undefined;
    const place = info ? placeOf(info) : failed ? "failed" : "starting";
    return html`<details @keydown=${this.#close} @focusout=${this.#leave}>
      <summary class=${place} data-place=${place}>
        ${icons.chip}<span class="hidden">${translate("backend.label")}:</span>
        <span id="place">${translate(`backend.${place}`)}</span>
      </summary>
      <div class="sheet" tabindex="-1">${info ? this.#detail(info) : nothing}${this.#choice()}</div>
    </details>`;
  }
}

customElements.define("tenrec-backend", BackendBadge);

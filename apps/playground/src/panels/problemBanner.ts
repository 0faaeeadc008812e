/** `<tenrec-problem>`: what went wrong, in words, with the way out as a button. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { MessageKey } from "../i18n/en.ts";
import { formatWhole, translate } from "../i18n/language.ts";
import * as session from "../state/session.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";
import type { Problem, ProblemKind } from "../worker/protocol.ts";

type Way = readonly [MessageKey, () => void];

const restart: Way = ["problem.restart", () => session.startWorker(true)];
const resetRun: Way = ["problem.reset", session.reset];
const useCpu: Way = ["problem.useCpu", () => session.chooseBackend("cpu")];

const ways: Readonly<Record<ProblemKind, readonly Way[]>> = {
  nonFinite: [["problem.slower", session.slowDown], resetRun],
  deviceLost: [restart, useCpu],
  outOfMemory: [resetRun],
  settings: [resetRun],
  link: [],
  crash: [restart, useCpu],
};

export class ProblemBanner extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .banner {
        display: grid;
        grid-template-columns: auto 1fr auto;
        gap: 8px 16px;
        padding: 16px;
        border: 1px solid var(--warn);
        border-left-width: 4px;
        border-radius: var(--radius);
        background: var(--warn-soft);
      }

      .banner > svg {
        margin-top: 4px;
        color: var(--warn);
      }

      strong {
        font-weight: 600;
      }

      .ways {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: start;
      }

      details {
        margin-top: 4px;
      }

      summary,
      pre {
        font-size: var(--small);
      }

      pre {
        margin: 4px 0 0;
        font-family: var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      @media (max-width: 799px) {
        .banner {
          grid-template-columns: auto 1fr;
        }

        .ways {
          grid-column: 2;
        }
      }
    `,
  ];

  #way([key, act]: Way): TemplateResult {
    return html`<button @click=${act}>${translate(key)}</button>`;
  }

  #banner({ kind, step, message }: Problem): TemplateResult {
    return html`<div class="banner" role="alert" data-kind=${kind}>
      ${icons.warn}
      <div>
        <strong>${translate(`problem.${kind}`, { step: formatWhole(step) })}</strong>
        <p>${translate(`problem.${kind}.advice`)}</p>
        <details>
          <summary>${translate("problem.details")}</summary>
          <pre lang="en">${message}</pre>
        </details>
      </div>
      <div class="ways">
        ${ways[kind].map((way) => this.#way(way))}
        <button @click=${session.dismissProblem}>${translate("problem.dismiss")}</button>
      </div>
    </div>`;
  }

  override render() {
    const problem = session.problem.value;
    this.toggleAttribute("told", problem !== undefined);
    return problem === undefined ? nothing : this.#banner(problem);
  }
}

customElements.define("tenrec-problem", ProblemBanner);

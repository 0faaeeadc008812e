/** `<tenrec-result>`: what the model does now, in the form its task has: a picture of the plane, or a digit to try. */

import { css, html, nothing } from "lit";
import { translate } from "../i18n/language.ts";
import type { Task } from "../project/project.ts";
import { project } from "../state/session.ts";
import { SignalElement } from "../ui/signalElement.ts";
import "./boundaryKey.ts";
import "./boundaryView.ts";
import "./confusionTable.ts";
import "./digitsView.ts";
import "./insideView.ts";
import "./writingView.ts";

export class ResultPanel extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      h2 {
        margin-bottom: 8px;
      }

      .points {
        display: grid;
        grid-template-columns: minmax(0, clamp(320px, 46vh, 560px)) minmax(176px, 240px);
        gap: 24px;
        align-items: start;
      }

      .points .stack {
        gap: 24px;
        padding-top: 8px;
      }

      .images {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 24px;
      }

      @media (max-width: 699px) {
        .points {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  #view(task: Task) {
    const confusion = html`<tenrec-confusion></tenrec-confusion>`;
    switch (task) {
      case "points":
        return html`<tenrec-boundary></tenrec-boundary>
          <div class="stack"><tenrec-key></tenrec-key>${confusion}</div>`;
      case "images":
        return html`<tenrec-digits></tenrec-digits>
          ${project.value.data.set === "pictures" ? html`<tenrec-inside></tenrec-inside>` : nothing}${confusion}`;
      case "text":
        return html`<tenrec-writing></tenrec-writing>`;
    }
  }

  override render() {
    const { task } = project.value;
    return html`<h2>${translate(task === "text" ? "text.title" : "result.title")}</h2>
      <div class=${task}>${this.#view(task)}</div>`;
  }
}

customElements.define("tenrec-result", ResultPanel);

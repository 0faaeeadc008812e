/** `<tenrec-result>`: what the model does now, in the form its task has: a picture of the plane, or a digit to try. */

import { css, html, nothing } from "lit";
import { translate } from "../i18n/language.ts";
import { project } from "../state/session.ts";
import { SignalElement } from "../ui/signalElement.ts";
import "./boundaryKey.ts";
import "./boundaryView.ts";
import "./confusionTable.ts";
import "./digitsView.ts";

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

  override render() {
    const points = project.value.task === "points";
    return html`<h2>${translate("result.title")}</h2>
      <div class=${project.value.task}>
        ${points ? html`<tenrec-boundary></tenrec-boundary>` : html`<tenrec-digits></tenrec-digits>`}
        <div class="stack">
          ${points ? html`<tenrec-key></tenrec-key>` : nothing}<tenrec-confusion></tenrec-confusion>
        </div>
      </div>`;
  }
}

customElements.define("tenrec-result", ResultPanel);

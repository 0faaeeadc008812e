/** `<tenrec-key>`: what the marks and colours of the decision picture mean, and which points it shows. */

import { css, html, svg } from "lit";
import { translate } from "../i18n/language.ts";
import { change, project } from "../state/session.ts";
import { checked } from "../ui/events.ts";
import { SignalElement } from "../ui/signalElement.ts";

const marks = {
  A: svg`<circle cx="6" cy="6" r="4" fill="var(--class-a)" />`,
  B: svg`<rect x="2" y="2" width="8" height="8" fill="var(--class-b)" />`,
} as const;

export class BoundaryKey extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .classes {
        display: flex;
        flex-wrap: wrap;
        gap: 8px 16px;
      }

      .classes span {
        display: inline-flex;
        align-items: center;
        gap: 8px;
      }

      .scale {
        display: grid;
        grid-template-columns: 1fr 1fr 1fr;
        gap: 0 8px;
        margin: 16px 0 8px;
        font-size: var(--small);
        line-height: 16px;
      }

      .scale > * {
        grid-column: 1 / -1;
      }

      .scale i {
        height: 8px;
        margin: 4px 0;
        border: 1px solid var(--line);
        border-radius: 2px;
        background: linear-gradient(to right, var(--region-a), var(--region-mid), var(--region-b));
      }

      .scale span {
        grid-column: auto;
      }

      .scale span:nth-of-type(2) {
        text-align: center;
      }

      .scale span:nth-of-type(3) {
        text-align: right;
      }
    `,
  ];

  #mark(name: keyof typeof marks) {
    return html`<span>
      <svg width="12" height="12" aria-hidden="true">${marks[name]}</svg>${translate("result.class", { name })}
    </span>`;
  }

  override render() {
    const show = (event: Event) => change({ view: { showValidation: checked(event) } });
    return html`<div class="classes">${this.#mark("A")}${this.#mark("B")}</div>
      <div class="scale">
        <b class="label">${translate("result.scale")}</b><i aria-hidden="true"></i>
        <span>0</span><span>0.5</span><span>1</span>
      </div>
      <label class="check">
        <input type="checkbox" .checked=${project.value.view.showValidation} @change=${show} />
        ${translate("result.showValidation")}
      </label>`;
  }
}

customElements.define("tenrec-key", BoundaryKey);

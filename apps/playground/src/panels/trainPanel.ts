/** `<tenrec-train>`: optimizer, learning rate and batch size, all of which may change while training. */

import { css, html } from "lit";
import { translate } from "../i18n/language.ts";
import { limits } from "../project/limits.ts";
import { type OptimizerName, optimizerNames } from "../project/project.ts";
import { change, project } from "../state/session.ts";
import { chosen, picked } from "../ui/events.ts";
import { SignalElement } from "../ui/signalElement.ts";
import "../ui/numberField.ts";

export class TrainPanel extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .stack {
        margin-top: 8px;
      }

      .pair {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }

      .pair select {
        width: auto;
      }
    `,
  ];

  #number(name: "learningRate" | "batchSize") {
    return html`<tenrec-number
      slider
      label=${translate(`train.${name}`)}
      .rule=${limits[name]}
      .value=${project.value.train[name]}
      @pick=${(event: Event) => change({ train: { [name]: picked(event) } })}
    ></tenrec-number>`;
  }

  override render() {
    const { optimizer } = project.value.train;
    const pick = (event: Event) => change({ train: { optimizer: chosen(event) as OptimizerName } });
    return html`<h2 id="train">${translate("train.title")}</h2>
      <div class="stack">
        <div class="pair">
          <label class="label" for="optimizer">${translate("train.optimizer")}</label>
          <select id="optimizer" @change=${pick}>
            ${optimizerNames.map(
              (name) =>
                html`<option value=${name} .selected=${name === optimizer}>${translate(`optimizer.${name}`)}</option>`,
            )}
          </select>
        </div>
        ${this.#number("learningRate")}${this.#number("batchSize")}
      </div>`;
  }
}

customElements.define("tenrec-train", TrainPanel);

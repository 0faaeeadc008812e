/** `<tenrec-curves>`: loss and accuracy side by side, their key, the smoothing, and the same figures as a table. */

import { css, html } from "lit";
import { formatLoss, formatPercent, formatWhole, translate } from "../i18n/language.ts";
import { change, history, historyVersion, project } from "../state/session.ts";
import { SignalElement } from "../ui/signalElement.ts";
import { tableRows } from "./chartData.ts";
import "./chart.ts";

const tableLength = 10;

export class CurvesPanel extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 24px;
        margin-bottom: 8px;
      }

      .key {
        display: flex;
        flex: 1;
        flex-wrap: wrap;
        gap: 4px 16px;
        font-size: var(--small);
      }

      .key span {
        display: inline-flex;
        align-items: center;
        gap: 8px;
      }

      .smoothing {
        display: flex;
        align-items: center;
        gap: 8px;
      }

      .smoothing input {
        width: 96px;
      }

      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 256px), 1fr));
        gap: 16px;
      }

      details {
        margin-top: 8px;
        font-size: var(--small);
      }

      .scroll {
        overflow-x: auto;
      }

      table {
        width: 100%;
        border-collapse: collapse;
        font-variant-numeric: tabular-nums;
      }

      caption {
        padding: 4px 0;
        color: var(--muted);
        text-align: left;
      }

      th,
      td {
        padding: 4px 8px;
        border-bottom: 1px solid var(--line);
        text-align: right;
      }

      th {
        color: var(--muted);
        font-weight: 500;
      }
    `,
  ];

  static override properties = { open: { state: true } };
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  #key() {
    return html`<div class="key">
      <span>
        <svg width="24" height="8" aria-hidden="true"><path d="M0 4h24" stroke="var(--ink)" stroke-width="1.75" /></svg>
        ${translate("chart.train")}
      </span>
      <span>
        <svg width="24" height="8" aria-hidden="true">
          <path d="M0 4h24" stroke="var(--accent)" stroke-width="2" stroke-dasharray="6 4" />
        </svg>
        ${translate("chart.validation")}
      </span>
    </div>`;
  }

  #smoothing() {
    const slide = (event: Event) =>
      change({ view: { smoothing: (event.target as HTMLInputElement).valueAsNumber } });
    return html`<div class="smoothing">
      <label class="label" for="smoothing">${translate("chart.smoothing")}</label>
      <input
        id="smoothing"
        type="range"
        min="0"
        max="0.99"
        step="0.01"
        .value=${String(project.value.view.smoothing)}
        @input=${slide}
      />
    </div>`;
  }

  #cell(value: number | undefined, format: (value: number) => string) {
    return html`<td>${value === undefined ? "–" : format(value)}</td>`;
  }

  #table() {
    historyVersion.value;
    const keep = project.value.view.smoothing;
    const losses = tableRows(history, "loss", keep, tableLength);
    const accuracies = tableRows(history, "accuracy", keep, tableLength);
    const titles = [
      "bar.steps",
      "chart.loss",
      "chart.valLoss",
      "chart.accuracy",
      "chart.valAccuracy",
    ] as const;
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${translate("chart.table")}>
      <table>
        <caption>${translate("chart.table.caption")}</caption>
        <thead><tr>${titles.map((key) => html`<th scope="col">${translate(key)}</th>`)}</tr></thead>
        <tbody>
          ${losses.map(
            (row, index) =>
              html`<tr>
                <th scope="row">${formatWhole(row.step)}</th>
                ${this.#cell(row.train, formatLoss)}${this.#cell(row.validation, formatLoss)}
                ${this.#cell(accuracies[index]?.train, formatPercent)}
                ${this.#cell(accuracies[index]?.validation, formatPercent)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #toggle(event: Event): void {
    this.open = (event.target as HTMLDetailsElement).open;
  }

  override render() {
    return html`<div class="head">
        <h2 id="curves">${translate("chart.title")}</h2>
        ${this.#key()}${this.#smoothing()}
      </div>
      <div class="charts">
        <tenrec-chart metric="loss"></tenrec-chart><tenrec-chart metric="accuracy"></tenrec-chart>
      </div>
      <details @toggle=${this.#toggle}>
        <summary>${translate("chart.table")}</summary>
        ${this.open ? this.#table() : ""}
      </details>`;
  }
}

customElements.define("tenrec-curves", CurvesPanel);

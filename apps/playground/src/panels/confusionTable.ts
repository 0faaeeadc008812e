/** `<tenrec-confusion>`: which class is taken for which, as a table with shaded cells. */

import { css, html, nothing } from "lit";
import { styleMap } from "lit/directives/style-map.js";
import { formatWhole, translate } from "../i18n/language.ts";
import { project, snapshot } from "../state/session.ts";
import { SignalElement } from "../ui/signalElement.ts";

export class ConfusionTable extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      table {
        --deep-ink: light-dark(#ffffff, #0b1512);

        width: 100%;
        margin-top: 8px;
        border-collapse: separate;
        border-spacing: 2px;
        table-layout: fixed;
        font-size: var(--small);
        font-variant-numeric: tabular-nums;
      }

      caption {
        padding-bottom: 4px;
        color: var(--muted);
        font-size: var(--small);
        line-height: 16px;
        text-align: left;
      }

      th {
        height: 24px;
        padding: 0;
        color: var(--muted);
        font-weight: 500;
        white-space: nowrap;
      }

      td {
        height: 24px;
        padding: 0;
        border-radius: 2px;
        background: color-mix(in srgb, var(--shade) calc(var(--share) * 100%), var(--sunken));
        text-align: center;
      }

      td.zero {
        color: var(--muted);
      }

      td.deep {
        color: var(--deep-ink);
      }

      .two td,
      .two th {
        height: 40px;
        font-size: var(--text);
      }
    `,
  ];

  #cell(count: number, total: number, right: boolean) {
    const share = total === 0 ? 0 : count / total;
    const shade = right ? "var(--accent)" : "var(--warn)";
    const tone = count === 0 ? "zero" : share > 0.5 ? "deep" : "";
    // Between 0.4 and 0.85 of the colour neither ink reaches a contrast of 4.5, so no cell is shaded there.
    const depth = share > 0.5 ? 0.72 + 0.28 * share : 0.7 * share;
    return html`<td class=${tone} style=${styleMap({ "--share": String(depth), "--shade": shade })}>
      ${formatWhole(count)}
    </td>`;
  }

  #row(counts: readonly number[], index: number, names: readonly string[]) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return html`<tr>
      <th scope="row"><span class="hidden">${translate("result.true")} </span>${names[index]}</th>
      ${counts.map((count, column) => this.#cell(count, total, column === index))}
    </tr>`;
  }

  override render() {
    const table = snapshot.value?.confusion;
    if (table === undefined) return nothing;
    const digits = project.value.task === "images";
    const names = table.map((_, index) => (digits ? String(index) : String.fromCharCode(65 + index)));
    const rows = table.flat().reduce((sum, count) => sum + count, 0);
    return html`<h3>${translate("result.confusion")}</h3>
      <table class=${digits ? "ten" : "two"}>
        <caption>${translate("result.confusion.caption", { count: formatWhole(rows) })}</caption>
        <thead>
          <tr>
            <td class="zero" style="background: none"></td>
            ${names.map(
              (name) =>
                html`<th scope="col"><span class="hidden">${translate("result.predicted")} </span>${name}</th>`,
            )}
          </tr>
        </thead>
        <tbody>${table.map((counts, index) => this.#row(counts, index, names))}</tbody>
      </table>`;
  }
}

customElements.define("tenrec-confusion", ConfusionTable);

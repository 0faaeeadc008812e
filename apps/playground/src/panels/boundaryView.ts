/** `<tenrec-boundary>`: the live decision picture of a 2-D data set, with its summary in words. */

import { css, html, type PropertyValues } from "lit";
import { formatPercent, formatWhole, translate } from "../i18n/language.ts";
import { built, project, snapshot } from "../state/session.ts";
import { palette } from "../ui/colours.ts";
import { onResize } from "../ui/onResize.ts";
import { SignalElement } from "../ui/signalElement.ts";
import { paintBoundary } from "./boundaryPainter.ts";

export class BoundaryView extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
      }
    `,
  ];

  constructor() {
    super();
    onResize(this, () => this.requestUpdate());
  }

  protected override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    const canvas = this.renderRoot.querySelector("canvas");
    const width = this.clientWidth;
    const data = built.value;
    if (canvas === null || data === undefined || width === 0) return;
    paintBoundary(canvas, width, {
      built: data,
      boundary: snapshot.value?.boundary,
      showValidation: project.value.view.showValidation,
      palette: palette.value,
    });
  }

  #summary(): string {
    const now = snapshot.value;
    if (now === undefined) return translate("result.boundary.waiting");
    const [first, second] = now.confusion.map((row, index) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return total === 0 ? "–" : formatPercent((row[index] as number) / total);
    });
    const values = { step: formatWhole(now.step), accuracy: formatPercent(now.accuracy) };
    return translate("result.boundary.summary", { ...values, first: first ?? "–", second: second ?? "–" });
  }

  override render() {
    return html`<canvas role="img" aria-label="${translate("result.boundary")}. ${this.#summary()}"></canvas>`;
  }
}

customElements.define("tenrec-boundary", BoundaryView);

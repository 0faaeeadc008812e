/** `<tenrec-chart>`: one metric over the steps, live: raw and smoothed training, validation, and a sentence for it. */

import { css, html, type PropertyValues, unsafeCSS } from "lit";
import uPlot from "uplot";
import uplotStyles from "uplot/dist/uPlot.min.css?inline";
import {
  formatLoss,
  formatPercent,
  formatPrecise,
  formatWhole,
  language,
  translate,
} from "../i18n/language.ts";
import type { MetricName } from "../state/history.ts";
import { history, historyVersion, project } from "../state/session.ts";
import { type Palette, palette } from "../ui/colours.ts";
import { onResize } from "../ui/onResize.ts";
import { SignalElement } from "../ui/signalElement.ts";
import { type ChartColumns, chartColumns } from "./chartData.ts";

const height = 176;

function axis({ muted, line }: Palette, values: (value: number) => string): uPlot.Axis {
  return {
    stroke: muted,
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    values: (_, splits) => splits.map(values),
  };
}

function seriesOf({ ink, muted, accent }: Palette): uPlot.Series[] {
  return [
    {},
    { stroke: muted, alpha: 0.35, width: 1, points: { show: false }, spanGaps: true },
    { stroke: ink, width: 1.75, points: { show: false }, spanGaps: true },
    { stroke: accent, width: 2, dash: [6, 4], points: { show: false }, spanGaps: true },
  ];
}

export class Chart extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    unsafeCSS(uplotStyles),
    css`
      .plot {
        min-height: ${height}px;
        margin-top: 8px;
      }

      .head {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: 8px;
      }

      .values {
        display: flex;
        gap: 16px;
        font-size: var(--small);
      }
    `,
  ];

  static override properties = { metric: {} };
  declare metric: MetricName;

  #plot: uPlot | undefined;
  #look = "";

  constructor() {
    super();
    onResize(this, () => this.#resize());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #resize(): void {
    if (this.clientWidth > 0) this.#plot?.setSize({ width: this.clientWidth, height });
  }

  #format(value: number): string {
    return this.metric === "loss" ? formatLoss(value) : formatPercent(value);
  }

  /** Accuracy always shows 0 to 1; loss starts at 0 and makes room for its largest value. */
  #range(largest: number): [number, number] {
    return this.metric === "accuracy" ? [0, 1.02] : [0, Math.max(largest * 1.05, 0.05)];
  }

  #options(colours: Palette): uPlot.Options {
    const tick = this.metric === "loss" ? formatPrecise : (value: number) => `${Math.round(value * 100)}%`;
    return {
      width: Math.max(this.clientWidth, 200),
      height,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { setScale: false } },
      scales: { x: { time: false }, y: { range: (_, __, largest) => this.#range(largest) } },
      axes: [
        { ...axis(colours, formatWhole), size: 28 },
        { ...axis(colours, tick), size: 44 },
      ],
      series: seriesOf(colours),
    };
  }

  protected override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    const holder = this.renderRoot.querySelector<HTMLElement>(".plot");
    if (holder === null) return;
    const data = this.#columns();
    const look = `${palette.value.ink} ${language.value}`;
    if (this.#plot === undefined || look !== this.#look) {
      this.#plot?.destroy();
      this.#look = look;
      this.#plot = new uPlot(this.#options(palette.value), data, holder);
    } else this.#plot.setData(data);
  }

  #columns(): ChartColumns {
    historyVersion.value;
    return chartColumns(history, this.metric, project.value.view.smoothing);
  }

  #summary(): string {
    const trained = history.train;
    const [first, last] = [trained[0], trained.at(-1)];
    if (first === undefined || last === undefined) return translate("chart.empty");
    const validation = history.validation.at(-1);
    return translate(`chart.summary.${this.metric}`, {
      first: this.#format(first[this.metric]),
      last: this.#format(last[this.metric]),
      steps: formatWhole(last.step),
      validation: validation ? this.#format(validation[this.metric]) : "–",
    });
  }

  override render() {
    historyVersion.value;
    return html`<figure aria-labelledby="title">
      <div class="head"><h3 id="title">${translate(`chart.${this.metric}`)}</h3></div>
      <div class="plot" role="img" aria-label=${this.#summary()}></div>
    </figure>`;
  }
}

customElements.define("tenrec-chart", Chart);

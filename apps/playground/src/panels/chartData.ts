/** From the history of a run to what a chart, a sentence and a table show. */

import { type History, type MetricName, smoothed } from "../state/history.ts";

type Column = (number | null)[];

/** Aligned columns for uPlot: step, raw training, smoothed training, validation; null where a series has no point. */
export type ChartColumns = [number[], Column, Column, Column];

export function chartColumns(history: History, metric: MetricName, keep: number): ChartColumns {
  const { train, validation } = history;
  const smooth = smoothed(
    train.map((point) => point[metric]),
    keep,
  );
  const columns: ChartColumns = [[], [], [], []];
  let [left, right] = [0, 0];
  while (left < train.length || right < validation.length) {
    const step = Math.min(train[left]?.step ?? Infinity, validation[right]?.step ?? Infinity);
    const trained = train[left]?.step === step ? train[left] : undefined;
    const checked = validation[right]?.step === step ? validation[right] : undefined;
    columns[0].push(step);
    columns[1].push(trained?.[metric] ?? null);
    columns[2].push(trained === undefined ? null : (smooth[left] ?? null));
    columns[3].push(checked?.[metric] ?? null);
    if (trained !== undefined) left++;
    if (checked !== undefined) right++;
  }
  return columns;
}

export interface TableRow {
  readonly step: number;
  readonly train: number | undefined;
  readonly validation: number | undefined;
}

/** Up to `count` rows spread over the validation points, each with the latest smoothed training figure. */
export function tableRows(history: History, metric: MetricName, keep: number, count: number): TableRow[] {
  const { train, validation } = history;
  const smooth = smoothed(
    train.map((point) => point[metric]),
    keep,
  );
  const shown = Math.min(count, validation.length);
  return Array.from({ length: shown }, (_, index) => {
    const place = shown === 1 ? 0 : Math.round((index * (validation.length - 1)) / (shown - 1));
    const point = validation[place];
    const step = point?.step ?? 0;
    const latest = train.findLastIndex((trained) => trained.step <= step);
    return { step, train: smooth[latest], validation: point?.[metric] };
  });
}

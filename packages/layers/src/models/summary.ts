/** @file The table that `summary` prints, in Keras's form. */
import type { Variable } from "@tenrec/tensor";
import type { Layer, OpenShape } from "../layer.ts";
import type { Model } from "./model.ts";

export interface SummaryOptions {
  /** Takes the text; console.log by default. */
  readonly printFn?: (text: string) => void;
}

export function printSummary(model: Model, { printFn = (text) => console.log(text) }: SummaryOptions): void {
  const rows = model.layers.map(rowOf);
  const table = drawTable(["Layer (type)", "Output Shape", "Param #"], rows);
  printFn(`Model: "${model.name}"\n${table}\n${totals(model)}`);
}

const grouped = (value: number): string => value.toLocaleString("en-US");

function rowOf(layer: Layer): readonly string[] {
  const size = layer.built ? grouped(layer.countParams()) : "0 (unbuilt)";
  return [`${layer.name} (${layer.className})`, shapeText(layer.outputShape), size];
}

const shapeText = (shape: OpenShape | null): string =>
  shape ? `(${shape.map((extent) => extent ?? "None").join(", ")}${shape.length === 1 ? "," : ""})` : "?";

function totals(model: Model): string {
  const lines = [
    ["Total params", model.weights],
    ["Trainable params", model.trainableVariables],
    ["Non-trainable params", model.nonTrainableVariables],
  ] as const;
  return lines.map(([label, variables]) => ` ${label}: ${sizeText(variables)}`).join("\n");
}

function sizeText(variables: readonly Variable[]): string {
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, size * 4)) / 10));
  return `${grouped(size)} (${((size * 4) / 1024 ** power).toFixed(2)} ${units[power]})`;
}

/** Box-drawing table; the last column is aligned to the right. */
function drawTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  );
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((width) => line.repeat(width + 2)).join(cross) + right;
  const cells = (row: readonly string[], bar: string): string =>
    bar +
    row
      .map(
        (text, i) =>
          ` ${i === row.length - 1 ? text.padStart(widths[i] as number) : text.padEnd(widths[i] as number)} `,
      )
      .join(bar) +
    bar;
  const body = rows.map((row) => cells(row, "│")).join(`\n${rule("├", "─", "┼", "┤")}\n`);
  return [
    rule("┏", "━", "┳", "┓"),
    cells(head, "┃"),
    rule("┡", "━", "╇", "┩"),
    ...(rows.length > 0 ? [body] : []),
    rule("└", "─", "┴", "┘"),
  ].join("\n");
}

/** @file The table that `summary` prints, in Keras's form. */
import type { Variable } from "@tenrec/tensor";
import type { Layer } from "../layer.ts";
import type { Graph } from "./graph.ts";
import type { Model } from "./model.ts";
import { shapeText } from "./symbolic.ts";

export interface SummaryOptions {
  /** Takes the text; console.log by default. */
  readonly printFn?: (text: string) => void;
}

export function printSummary(model: Model, { printFn = (text) => console.log(text) }: SummaryOptions): void {
  const { graph } = model;
  const columns: Column[] = [
    ["Layer (type)", nameText],
    ["Output Shape", shapesText],
    ["Param #", sizeOf],
    ...(graph && isBranched(graph) ? [["Connected to", (layer) => connections(layer, graph)] as Column] : []),
  ];
  const rows = model.layers.map((layer) => columns.map(([, text]) => text(layer)));
  const head = columns.map(([title]) => title);
  printFn(`Model: "${model.name}"\n${drawTable(head, rows)}\n${totals(model)}`);
}

type Column = readonly [title: string, text: (layer: Layer) => string];

const grouped = (value: number): string => value.toLocaleString("en-US");

const nameText = (layer: Layer): string => `${layer.name} (${layer.className})`;

const sizeOf = (layer: Layer): string => (layer.built ? grouped(layer.countParams()) : "0 (unbuilt)");

/** The output's shape; those of all outputs for layers with several. */
function shapesText(layer: Layer): string {
  const outputs = layer.inboundCalls.at(-1)?.outputTensors ?? [];
  if (outputs.length > 1) return `[${outputs.map(({ shape }) => shapeText(shape)).join(", ")}]`;
  const shape = outputs[0]?.shape ?? layer.outputShape;
  return shape ? shapeText(shape) : "?";
}

/** Whether the graph is more than one layer after another: only then the table says what is connected to what. */
function isBranched({ calls, depths }: Graph): boolean {
  const isAlone = new Set(depths.values()).size === calls.length;
  const isOnce = new Set(calls.map(({ layer }) => layer)).size === calls.length;
  return !isAlone || !isOnce || calls.some(({ inputTensors }) => inputTensors.length > 1);
}

/** `layer[call][output]` of every input, a line for each. */
function connections(layer: Layer, graph: Graph): string {
  const inputs = layer.inboundCalls
    .filter((call) => graph.depths.has(call))
    .flatMap(({ inputTensors }) => inputTensors);
  return inputs.map(({ call, index }) => `${call.layer.name}[${call.index}][${index}]`).join(",\n") || "-";
}

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

/** Box-drawing table, its cells of one or more lines; numbers of weights are aligned to the right. */
function drawTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(
      ...[head, ...rows].flatMap((row) => (row[column] as string).split("\n")).map(({ length }) => length),
    ),
  );
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((width) => line.repeat(width + 2)).join(cross) + right;
  const pad = (text: string, column: number): string => {
    const width = widths[column] as number;
    return column === 2 ? text.padStart(width) : text.padEnd(width);
  };
  const cells = (row: readonly string[], bar: string): string => {
    const lines = row.map((text) => text.split("\n"));
    const height = Math.max(...lines.map(({ length }) => length));
    return Array.from(
      { length: height },
      (_, i) => `${bar}${lines.map((cell, column) => ` ${pad(cell[i] ?? "", column)} `).join(bar)}${bar}`,
    ).join("\n");
  };
  const body = rows.map((row) => cells(row, "│")).join(`\n${rule("├", "─", "┼", "┤")}\n`);
  return [
    rule("┏", "━", "┳", "┓"),
    cells(head, "┃"),
    rule("┡", "━", "╇", "┩"),
    ...(rows.length > 0 ? [body] : []),
    rule("└", "─", "┴", "┘"),
  ].join("\n");
}

/** @file A table in Markdown; all columns but the first are numbers. */

/** @param {string[]} header; @param {unknown[][]} rows */
export function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

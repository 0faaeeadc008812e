/** @file The tables at the head of the report: a row per workload. */
import { bestOf, comparison } from "./bars.mjs";
import { number, overviewColumns, threadColumns } from "./columns.mjs";
import { ratios } from "./stats.mjs";
import { table } from "./table.mjs";

/** Ours over the quickest way of another library. */
function ratioCell(workload, library, choice) {
  const other = bestOf(workload, library);
  const found = comparison(workload, other, choice);
  if (!found) return "";
  if (!other.isComparable) return "not comparable";
  const mark = found.target !== undefined && found.wall.median > found.target ? " (missed)" : "";
  return `${number(found.wall.median, 3)}${mark}`;
}

/** The quickest way of each library, by workload. */
export function overview(workloads, backend) {
  const libraries = ["tenrec", "tfjs", "jaxjs"];
  const each = (workload, cell) =>
    libraries
      .map((library) => bestOf(workload, library))
      .map((result) => (result ? cell(result) : "-"))
      .join(" / ");
  const columns = overviewColumns[backend];
  const rows = workloads.map((workload) => [
    workload.name,
    ratioCell(workload, "tfjs"),
    ratioCell(workload, "jaxjs"),
    ...Object.values(columns).map((cell) => each(workload, cell)),
  ]);
  return table(["", "time over TensorFlow.js", "time over jax-js", ...Object.keys(columns)], rows);
}

/** Ours in several threads beside the same figures of the others; null where nothing ran so. */
export function threadsOverview(workloads) {
  const choice = { isThreaded: true };
  const rows = workloads.flatMap((workload) => {
    const [one, several] = [bestOf(workload, "tenrec"), bestOf(workload, "tenrec", choice)];
    if (!one || !several) return [];
    const { median } = ratios(several.roundsMsPerStep, one.roundsMsPerStep);
    return [
      [
        workload.name,
        ratioCell(workload, "tfjs", choice),
        ratioCell(workload, "jaxjs", choice),
        number(median, 3),
        ...Object.values(threadColumns).map((cell) => `${cell(one)} / ${cell(several)}`),
      ],
    ];
  });
  if (rows.length === 0) return null;
  const over = ["time over TensorFlow.js", "time over jax-js", "time over one thread"];
  return table(["", ...over, ...Object.keys(threadColumns)], rows);
}

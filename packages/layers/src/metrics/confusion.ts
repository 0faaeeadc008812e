/** @file Metrics of binary decisions at thresholds: precision, recall and the four counts of the confusion matrix. */
import { handleFree, ops, type Tensor, type TensorLike, type Variable } from "@tenrec/tensor";
import { Metric, type MetricOptions, type UpdateOptions } from "./metric.ts";
import {
  checkedThresholds,
  leastScore,
  type Outcomes,
  outcomesOf,
  type Selection,
  truthOf,
} from "./positives.ts";

/** What a count is of: the truth of an element, and on which side of the threshold its prediction lies. */
interface Cell {
  readonly truth: boolean;
  readonly above: boolean;
}

const cells = {
  true_positives: { truth: true, above: true },
  true_negatives: { truth: false, above: false },
  false_positives: { truth: false, above: true },
  false_negatives: { truth: true, above: false },
} as const satisfies Record<string, Cell>;

type CellName = keyof typeof cells;

/** A vector of thresholds is data; a single one is a number in the kernel. */
function limitsOf(thresholds: readonly number[]): TensorLike {
  return thresholds.length === 1 ? (thresholds[0] as number) : thresholds.map((one) => [one]);
}

/** Weighted number of elements in a cell, for each threshold. */
function countCell({ target, score, weight }: Outcomes, thresholds: readonly number[], cell: Cell): Tensor {
  const flat = (x: Tensor) => ops.reshape(x, [1, x.size]);
  const truth = truthOf(flat(target));
  const isTrue = cell.truth ? truth : ops.subtract(1, truth);
  const worth = weight ? ops.multiply(isTrue, flat(weight)) : isTrue;
  const isAbove = ops.greater(flat(score), limitsOf(thresholds));
  return ops.sum(ops.where(cell.above ? isAbove : ops.logicalNot(isAbove), worth, 0), { axis: 1 });
}

/** Counts of some cells, one number per threshold. */
abstract class ThresholdMetric extends Metric {
  readonly thresholds: readonly number[];
  readonly selection: Selection;
  readonly #counts: ReadonlyMap<CellName, Variable>;

  constructor(
    options: MetricOptions,
    names: readonly CellName[],
    thresholds: readonly number[],
    selection: Selection,
  ) {
    super(options);
    this.thresholds = thresholds;
    this.selection = selection;
    this.#counts = new Map(names.map((name) => [name, this.addVariable([thresholds.length], name)]));
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    handleFree(() => {
      const outcomes = outcomesOf(this.name, [yTrue, yPred], options.sampleWeight, this.selection);
      for (const [name, count] of this.#counts)
        count.assignAdd(countCell(outcomes, this.thresholds, cells[name]));
    });
  }

  protected count(name: CellName): Variable {
    return this.#counts.get(name) as Variable;
  }

  /** A scalar for one threshold. */
  protected shaped(values: Tensor): Tensor {
    return ops.reshape(values, this.thresholds.length === 1 ? [] : [this.thresholds.length]);
  }
}

export interface CountOptions extends MetricOptions {
  /** Predictions above it are positive; 0.5 by default. A list gives a result for each. */
  readonly thresholds?: number | readonly number[] | null;
}

const everyElement: Selection = { topK: null, classId: null };

abstract class CellCount extends ThresholdMetric {
  readonly #cell: CellName;

  constructor(options: CountOptions, cell: CellName) {
    super(options, [cell], checkedThresholds(options.name ?? cell, options.thresholds ?? 0.5), everyElement);
    this.#cell = cell;
  }
  override result(): Tensor {
    return handleFree(() => this.shaped(this.count(this.#cell)));
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), thresholds: this.thresholds };
  }
}

/** Weighted number of true elements that were predicted true. */
export class TruePositives extends CellCount {
  static override readonly className: string = "TruePositives";
  constructor(options: CountOptions = {}) {
    super(options, "true_positives");
  }
}

/** Weighted number of false elements that were predicted false. */
export class TrueNegatives extends CellCount {
  static override readonly className: string = "TrueNegatives";
  constructor(options: CountOptions = {}) {
    super(options, "true_negatives");
  }
}

/** Weighted number of false elements that were predicted true. */
export class FalsePositives extends CellCount {
  static override readonly className: string = "FalsePositives";
  constructor(options: CountOptions = {}) {
    super(options, "false_positives");
  }
}

/** Weighted number of true elements that were predicted false. */
export class FalseNegatives extends CellCount {
  static override readonly className: string = "FalseNegatives";
  constructor(options: CountOptions = {}) {
    super(options, "false_negatives");
  }
}

export interface PrecisionOptions extends CountOptions {
  /** Only the k largest predictions of each row may be positive; without `thresholds` all of these are. */
  readonly topK?: number | null;
  /** Only this class counts. */
  readonly classId?: number | null;
}

/** true positives / (true positives + others). */
abstract class Ratio extends ThresholdMetric {
  readonly #others: CellName;
  readonly #given: CountOptions["thresholds"];

  constructor(where: string, options: PrecisionOptions, others: CellName) {
    const { thresholds = null, topK = null, classId = null } = options;
    // With topK alone every prediction that is left counts.
    const none = topK === null ? [0.5] : [leastScore];
    const limits = thresholds === null ? none : checkedThresholds(where, thresholds);
    super(options, ["true_positives", others], limits, { topK, classId });
    this.#others = others;
    this.#given = thresholds;
  }
  override result(): Tensor {
    return handleFree(() => {
      const hits = this.count("true_positives");
      return this.shaped(ops.divideNoNan(hits, ops.add(hits, this.count(this.#others))));
    });
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), thresholds: this.#given, ...this.selection };
  }
}

/**
 * Share of the positive predictions that are right.
 * @example
 * const precision = new metrics.Precision();
 * precision.updateState([0, 1, 1, 1], [1, 0, 1, 1]);
 * await precision.result().item(); // 0.667
 */
export class Precision extends Ratio {
  static override readonly className: string = "Precision";
  constructor(options: PrecisionOptions = {}) {
    super("Precision", options, "false_positives");
  }
}

/**
 * Share of the true elements that were predicted.
 * @example
 * const recall = new metrics.Recall();
 * recall.updateState([0, 1, 1, 1], [1, 0, 1, 1]);
 * await recall.result().item(); // 0.667
 */
export class Recall extends Ratio {
  static override readonly className: string = "Recall";
  constructor(options: PrecisionOptions = {}) {
    super("Recall", options, "false_negatives");
  }
}

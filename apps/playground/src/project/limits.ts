/** The range of every number of a Project: what fields offer, what links may carry. */

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  /** Distance between slider stops; on a logarithmic rule, stops per decade. */
  readonly step: number;
  readonly whole: boolean;
  readonly logarithmic?: boolean;
}

export const limits = {
  samples: { min: 20, max: 2000, step: 10, whole: true },
  noise: { min: 0, max: 0.5, step: 0.01, whole: false },
  validation: { min: 0.05, max: 0.9, step: 0.05, whole: false },
  seed: { min: 0, max: 4294967295, step: 1, whole: true },
  units: { min: 1, max: 256, step: 1, whole: true },
  filters: { min: 1, max: 64, step: 1, whole: true },
  kernel: { min: 1, max: 5, step: 1, whole: true },
  size: { min: 2, max: 4, step: 1, whole: true },
  heads: { min: 1, max: 8, step: 1, whole: true },
  window: { min: 8, max: 128, step: 8, whole: true },
  temperature: { min: 0.1, max: 2, step: 0.05, whole: false },
  sampleEvery: { min: 10, max: 1000, step: 10, whole: true },
  rate: { min: 0, max: 0.9, step: 0.05, whole: false },
  learningRate: { min: 1e-5, max: 10, step: 6, whole: false, logarithmic: true },
  batchSize: { min: 1, max: 512, step: 1, whole: true },
  smoothing: { min: 0, max: 0.99, step: 0.01, whole: false },
} as const satisfies Record<string, NumberRule>;

export type LimitName = keyof typeof limits;
export const maxLayers = 8;
export const maxPrompt = 200;

/** Why a number is refused, as the key of the sentence that says so; undefined where it is accepted. */
export type Refusal = "error.number" | "error.whole" | "error.range";

/** Checks one number against its rule. */
export function refusal(value: number, rule: NumberRule): Refusal | undefined {
  if (!Number.isFinite(value)) return "error.number";
  if (rule.whole && !Number.isInteger(value)) return "error.whole";
  return value < rule.min || value > rule.max ? "error.range" : undefined;
}

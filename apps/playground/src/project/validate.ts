/** Reading a Project from an untrusted value (a link, a file): every field checked, or a sentence saying which is wrong. */

import { type LimitName, limits, maxLayers, maxPrompt, refusal } from "./limits.ts";
import {
  activations,
  type DataSet,
  dataSets,
  type LayerSpec,
  optimizerNames,
  type Project,
  type Speed,
  speeds,
  taskOf,
  type ViewSettings,
} from "./project.ts";
import { stackFault } from "./stack.ts";

/** A value that is not a Project; `path` names the field. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";
  readonly path: string;

  constructor(path: string, received: unknown, expected: string) {
    super(
      `project: ${path} is not valid.\n  Received: ${JSON.stringify(received)}\n` +
        `  Expected: ${expected}.\n  Fix: correct the field, or open the playground without the link.`,
    );
    this.path = path;
  }
}

const kinds = ["dense", "dropout", "conv", "pool", "embedding", "gru", "lstm", "attention"] as const;

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, path: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ProjectError(path, value, "an object");
}

function number(source: Fields, section: string, name: LimitName): number {
  const value = source[name];
  const rule = limits[name];
  if (typeof value === "number" && refusal(value, rule) === undefined) return value;
  const kind = rule.whole ? "a whole number" : "a number";
  throw new ProjectError(`${section}.${name}`, value, `${kind} from ${rule.min} to ${rule.max}`);
}

function oneOf<const T extends string | number>(value: unknown, path: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new ProjectError(path, value, `one of ${choices.join(", ")}`);
}

function layer(value: unknown, path: string): LayerSpec {
  const source = fields(value, path);
  const kind = oneOf(source.kind, `${path}.kind`, kinds);
  const size = (name: LimitName) => number(source, path, name);
  const activation = () => oneOf(source.activation, `${path}.activation`, activations);
  switch (kind) {
    case "dropout":
      return { kind, rate: size("rate") };
    case "dense":
      return { kind, units: size("units"), activation: activation() };
    case "conv":
      return { kind, filters: size("filters"), kernel: size("kernel"), activation: activation() };
    case "pool":
      return { kind, size: size("size") };
    case "attention":
      return { kind, heads: size("heads") };
    default:
      return { kind, units: size("units") };
  }
}

function layers(value: unknown, set: DataSet): readonly LayerSpec[] {
  if (!Array.isArray(value) || value.length > maxLayers) {
    throw new ProjectError("model.layers", value, `a list of at most ${maxLayers} layers`);
  }
  const found = value.map((item, index) => layer(item, `model.layers[${index}]`));
  const fault = stackFault(set, found);
  if (fault !== undefined) throw new ProjectError("model.layers", value, fault);
  return found;
}

function prompt(value: unknown): string {
  if (typeof value === "string" && value.length <= maxPrompt) return value;
  throw new ProjectError("view.prompt", value, `a text of at most ${maxPrompt} characters`);
}

function viewSettings(view: Fields): ViewSettings {
  return {
    showValidation: view.showValidation === true,
    smoothing: number(view, "view", "smoothing"),
    prompt: prompt(view.prompt),
    temperature: number(view, "view", "temperature"),
    sampleEvery: number(view, "view", "sampleEvery"),
  };
}

/**
 * The Project in `value`, which must carry every field.
 * @throws {ProjectError} naming the first field that is missing or out of range.
 */
export function readProject(value: unknown): Project {
  const source = fields(value, "project");
  oneOf(source.v, "v", [1]);
  const data = fields(source.data, "data");
  const model = fields(source.model, "model");
  const train = fields(source.train, "train");
  const view = fields(source.view, "view");
  const set: DataSet = oneOf(data.set, "data.set", dataSets);
  const speed: Speed = oneOf(train.speed, "train.speed", speeds);
  return {
    v: 1,
    task: taskOf(set),
    data: {
      set,
      samples: number(data, "data", "samples"),
      noise: number(data, "data", "noise"),
      validation: number(data, "data", "validation"),
      window: number(data, "data", "window"),
      seed: number(data, "data", "seed"),
    },
    model: { layers: layers(model.layers, set), seed: number(model, "model", "seed") },
    train: {
      optimizer: oneOf(train.optimizer, "train.optimizer", optimizerNames),
      learningRate: number(train, "train", "learningRate"),
      batchSize: number(train, "train", "batchSize"),
      speed,
    },
    view: viewSettings(view),
  };
}

/** @file Reads the command line of the benchmark. */
import { backends } from "./backends.mjs";

const libraries = ["tenrec", "tfjs", "jaxjs"];
/** `budget`: seconds that the timed rounds of one variant may take; a slower one gets fewer epochs and rounds. */
const defaults = { backend: "webgpu", only: [], libraries, rounds: 5, epochs: 3, cold: 3, budget: 40 };

/** A mistake on the command line, told without a stack. */
export class UsageError extends Error {
  name = "UsageError";
}

const expected = Object.keys(defaults)
  .map((key) => `--${key}=<value>`)
  .join(", ");

const badValue = (name, text, wanted) =>
  new UsageError(`bench: bad --${name}.\n  Received: ${text}\n  Expected: ${wanted}.`);

function parseNames(name, text) {
  const values = text.split(",").filter(Boolean);
  if (values.length > 0) return values;
  throw badValue(name, text, "names with commas");
}

function parseLibraries(name, text) {
  const values = parseNames(name, text);
  if (values.every((value) => libraries.includes(value))) return values;
  throw badValue(name, text, `names with commas among ${libraries.join(", ")}`);
}

function parseBackend(name, text) {
  if (Object.hasOwn(backends, text)) return text;
  throw badValue(name, text, Object.keys(backends).join(" or "));
}

function parseCount(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw badValue(name, text, "a positive integer");
}

const parsers = { backend: parseBackend, only: parseNames, libraries: parseLibraries };

/**
 * @param {string[]} args `--name=value` or `--name value`
 * @returns {{
 *   backend: string, only: string[], libraries: string[], rounds: number, epochs: number, cold: number, budget: number
 * }}
 */
export function readOptions(args) {
  const options = { ...defaults };
  const words = args.flatMap((argument) => argument.split(/(?<=^--\w+)=/));
  for (let index = 0; index < words.length; index += 2) {
    const name = words[index].replace(/^--/, "");
    const text = words[index + 1];
    if (!Object.hasOwn(defaults, name) || text === undefined) {
      const received = words.slice(index).join(" ");
      throw new UsageError(
        `bench: unknown or incomplete option.\n  Received: ${received}\n  Expected: ${expected}.`,
      );
    }
    options[name] = (parsers[name] ?? parseCount)(name, text);
  }
  return options;
}

/** Whether a run covers every library with rounds enough to publish its figures. */
export function isPublishable(options) {
  return options.libraries.length === libraries.length && options.rounds >= defaults.rounds;
}

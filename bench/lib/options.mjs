/** Reads the command line of the benchmark. */

const libraries = ["tenrec", "tfjs", "jaxjs"];
/** `budget`: seconds that the timed rounds of one variant may take; a slower one gets fewer epochs and rounds. */
const defaults = { only: [], libraries, rounds: 5, epochs: 3, cold: 3, budget: 40 };

/** A mistake on the command line, told without a stack. */
export class UsageError extends Error {
  name = "UsageError";
}

const expected = Object.keys(defaults)
  .map((key) => `--${key}=<value>`)
  .join(", ");

function parseList(name, text) {
  const values = text.split(",").filter(Boolean);
  const unknown = name === "libraries" ? values.filter((value) => !libraries.includes(value)) : [];
  if (values.length > 0 && unknown.length === 0) return values;
  const known = name === "libraries" ? ` among ${libraries.join(", ")}` : "";
  throw new UsageError(`bench: bad --${name}.\n  Received: ${text}\n  Expected: names with commas${known}.`);
}

function parseCount(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(
    `bench: --${name} is not a count.\n  Received: ${text}\n  Expected: a positive integer.`,
  );
}

/**
 * @param {string[]} args `--name=value` or `--name value`
 * @returns {{ only: string[], libraries: string[], rounds: number, epochs: number, cold: number, budget: number }}
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
    options[name] = Array.isArray(defaults[name]) ? parseList(name, text) : parseCount(name, text);
  }
  return options;
}

/** Whether a run covers every library with rounds enough to publish its figures. */
export function isPublishable(options) {
  return options.libraries.length === libraries.length && options.rounds >= defaults.rounds;
}

/** Reads the command line of the benchmark. */

const defaults = { only: [], libraries: ["tenrec", "tfjs", "jaxjs"], rounds: 5, epochs: 3, cold: 3 };

/** A mistake on the command line, told without a stack. */
export class UsageError extends Error {
  name = "UsageError";
}

const expected = Object.keys(defaults)
  .map((key) => `--${key} <value>`)
  .join(", ");

function parseList(name, text) {
  const values = text.split(",").filter(Boolean);
  const unknown = name === "libraries" ? values.filter((value) => !defaults.libraries.includes(value)) : [];
  if (values.length > 0 && unknown.length === 0) return values;
  const known = name === "libraries" ? ` among ${defaults.libraries.join(", ")}` : "";
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
 * @param {string[]} args
 * @returns {{ only: string[], libraries: string[], rounds: number, epochs: number, cold: number }}
 */
export function readOptions(args) {
  const options = { ...defaults };
  for (let index = 0; index < args.length; index += 2) {
    const name = args[index].replace(/^--/, "");
    const text = args[index + 1];
    if (!Object.hasOwn(defaults, name) || text === undefined) {
      const received = args.slice(index).join(" ");
      throw new UsageError(
        `bench: unknown or incomplete option.\n  Received: ${received}\n  Expected: ${expected}.`,
      );
    }
    options[name] = Array.isArray(defaults[name]) ? parseList(name, text) : parseCount(name, text);
  }
  return options;
}

/** Whether a run covers every workload and library with rounds enough to publish its figures. */
export function isWhole({ only, libraries, rounds }) {
  return only.length === 0 && libraries.length === defaults.libraries.length && rounds >= defaults.rounds;
}

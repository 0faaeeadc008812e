/** @file The command line of train.mjs: what may be said, and errors that tell what was meant to be said. */
import { parseArgs } from "node:util";

export const help = `npm run train -- [options]
  --mnist=<folder>   train on the four files of MNIST (gzip or unpacked) instead of the built-in digits
  --model=<name>     dense (the default) or cnn
  --epochs=<count>   passes over the data; 20, with MNIST 5
  --batch=<count>    images per step; 32, with MNIST 128
  --backend=<name>   auto (the default), webgpu or cpu
  --seed=<integer>   decides weights and orders; 1
  --help             prints this`;

const takesText = { type: "string" };
const known = {
  mnist: takesText,
  model: takesText,
  epochs: takesText,
  batch: takesText,
  backend: takesText,
  seed: takesText,
  help: { type: "boolean" },
};

const choices = { model: ["dense", "cnn"], backend: ["auto", "webgpu", "cpu"] };

/** An error in the form of the library's own: what was received, what was expected, how to mend it. */
export function inputError(what, received, expected, fix) {
  return new Error(`train: ${what}\n  Received: ${received}\n  Expected: ${expected}\n  Fix: ${fix}`);
}

/**
 * @param {string[]} args
 * @returns {{ mnist?: string, model: string, epochs: number, batch: number, backend: string, seed: number, help: boolean }}
 * @throws an error in the house form for what is not understood
 */
export function readOptions(args) {
  const { values, positionals } = parseArgs({ args, options: known, strict: false });
  const stray = positionals[0] ?? Object.keys(values).find((name) => !(name in known));
  if (stray !== undefined) throw unknownOption(args.find((arg) => arg.includes(stray)));
  for (const name of Object.keys(values)) {
    if (name !== "help" && (values[name] === true || values[name] === "")) throw withoutValue(name);
  }
  const isMnist = values.mnist !== undefined;
  return {
    ...(isMnist ? { mnist: values.mnist } : {}),
    model: chosen("model", values.model ?? "dense"),
    epochs: integer("epochs", values.epochs ?? (isMnist ? "5" : "20"), 1, 999),
    batch: integer("batch", values.batch ?? (isMnist ? "128" : "32"), 1, 60_000),
    backend: chosen("backend", values.backend ?? "auto"),
    seed: integer("seed", values.seed ?? "1", 0, 2 ** 31 - 1),
    help: values.help === true,
  };
}

function chosen(name, value) {
  if (choices[name].includes(value)) return value;
  const example = `--${name}=${choices[name][0]}`;
  throw inputError(
    `unknown ${name}.`,
    `--${name}=${value}`,
    choices[name].join(", "),
    `for example ${example}`,
  );
}

function integer(name, text, least, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const expected = `a whole number from ${least} to ${most}`;
  throw inputError(
    `${name} is out of range.`,
    `--${name}=${text}`,
    expected,
    `for example --${name}=${least || 1}`,
  );
}

function unknownOption(arg) {
  const names = Object.keys(known).map((name) => `--${name}`);
  return inputError("unknown option.", arg, names.join(", "), "npm run train -- --help explains them");
}

function withoutValue(name) {
  return inputError(`--${name} has no value.`, `--${name}`, `--${name}=<value>`, "write the value behind =");
}

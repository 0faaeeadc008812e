/**
 * @file `npm run train`: learns handwritten digits in the terminal, on the GPU where there is one; `--help` lists the options.
 * It needs nothing but the package tenrec: copied with `lib` into a project that has it, `node train.mjs` does the same.
 */
import { init, layers, optimizers, random, Sequential } from "tenrec";
import { drawCurve, drawImage, sideBySide } from "./lib/drawing.mjs";
import { loadDigits, loadMnist } from "./lib/images.mjs";
import { help, readOptions } from "./lib/options.mjs";
import { Progress, percent } from "./lib/progress.mjs";

/** Columns of all output, which so fits the narrowest terminals in use. */
const columns = 80;
const gap = 3;

const say = (text = "") => process.stdout.write(`${text}\n`);

function createModel(kind, { white }) {
  const scaled = new layers.Rescaling(1 / white);
  const features = {
    dense: () => [
      new layers.Flatten(),
      new layers.Dense(64, { activation: "relu" }),
      new layers.Dropout(0.2),
    ],
    cnn: () => [
      new layers.Conv2D(8, 3, { activation: "relu", padding: "same" }),
      new layers.MaxPooling2D(2),
      new layers.Conv2D(16, 3, { activation: "relu", padding: "same" }),
      new layers.Flatten(),
      new layers.Dense(32, { activation: "relu" }),
    ],
  };
  return new Sequential([scaled, ...features[kind](), new layers.Dense(10, { activation: "softmax" })]);
}

/** Trains and returns what `fit` noted of every epoch. */
async function train(model, images, { epochs, batch }) {
  model.compile({
    optimizer: new optimizers.Adam({ learningRate: 0.003 }),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
  const { history } = await model.fit(images.train.x, images.train.y, {
    epochs,
    batchSize: batch,
    validationSplit: 0.1,
    verbose: 0,
    callbacks: [new Progress(process.stdout)],
  });
  return history;
}

/** Loss and validation accuracy of all epochs, side by side. */
function curves({ loss, val_accuracy }) {
  const size = { width: Math.floor((columns - gap) / 2) - 8, height: 7 };
  const lowest = Math.floor(10 * Math.min(...val_accuracy)) / 10;
  return sideBySide(
    [
      drawCurve(loss, {
        ...size,
        title: "loss, by epoch",
        range: [0, Math.max(...loss)],
        label: (value) => value.toFixed(2),
      }),
      drawCurve(val_accuracy, {
        ...size,
        title: "validation accuracy",
        range: [Math.min(lowest, 0.9), 1],
        label: (value) => `${Math.round(100 * value)} %`,
      }),
    ],
    gap,
  );
}

/** The first images of the test set with what the model takes them for; the last one is misread, if any is. */
async function examples(model, { side, white, test }) {
  const rows = await (await model.predict(test.x)).array();
  const readings = rows.map((row) => row.indexOf(Math.max(...row)));
  const misread = readings.findIndex((reading, i) => reading !== test.y.data[i]);
  const width = drawImage(test.x.data, side, white)[0].length;
  const fitting = Math.floor((columns + gap) / (width + gap));
  const shown = Array.from({ length: fitting }, (_, i) => i);
  if (misread >= fitting) shown[fitting - 1] = misread;
  const pixels = side * side;
  const blocks = shown.map((i) => {
    const label = test.y.data[i];
    const reading = `read as ${readings[i]}${readings[i] === label ? "" : `, is ${label}`}`;
    const image = drawImage(test.x.data.subarray(i * pixels, (i + 1) * pixels), side, white);
    return [...image, reading.padStart((width + reading.length) >> 1)];
  });
  return sideBySide(blocks, gap);
}

const count = ({ y }) => y.shape[0].toLocaleString("en-US");

function introduce({ name, side, train }, { backend, adapter }) {
  say(`Tenrec learns ${count(train)} ${name} of ${side} x ${side} pixels`);
  say(`Backend: ${backend}${adapter ? ` (${adapter.description || adapter.vendor})` : ""}\n`);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return say(help);
  const images = options.mnist === undefined ? await loadDigits() : await loadMnist(options.mnist);
  const device = await init({ backend: options.backend });
  random.setRandomSeed(options.seed);
  introduce(images, device);

  const model = createModel(options.model, images);
  const start = performance.now();
  const history = await train(model, images, options);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const { accuracy } = await model.evaluate(images.test.x, images.test.y, { verbose: 0 });

  for (const line of ["", ...curves(history), "", ...(await examples(model, images)), ""]) say(line);
  say(`Test accuracy: ${percent(accuracy).trim()} of ${count(images.test)} images never trained on`);
  say(`Time: ${seconds} s for ${options.epochs} epochs on ${device.backend}`);
}

try {
  await main();
} catch (error) {
  // Errors in the house form say all that a user needs; of others, the stack matters.
  console.error(/\n {2}Received: /.test(error.message) ? error.message : error);
  process.exitCode = 1;
}

/** Trains on the cpu in as many threads as `?threads=` says, a network whose steps are large enough to be shared. */
import { init, layers, random, Sequential, tensor } from "../../packages/tenrec/dist/tenrec.min.js";

const show = (id, text) => {
  document.getElementById(id).textContent = text;
};

const [samples, inputs, classes] = [256, 64, 10];

async function train() {
  const threads = Number(new URLSearchParams(location.search).get("threads"));
  const { features } = await init({ backend: "cpu", threads });
  show("features", features.join(", "));
  random.setRandomSeed(1);
  const numbers = Float32Array.from({ length: samples * inputs }, (_, i) => Math.sin(i * i));
  const x = tensor(numbers, { shape: [samples, inputs] });
  const y = tensor(Int32Array.from({ length: samples }, (_, i) => i % classes));
  const model = new Sequential([
    new layers.Dense(128, { activation: "relu" }),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
  const { history } = await model.fit(x, y, { epochs: 10, batchSize: 128, verbose: 0 });
  show("losses", JSON.stringify(history.loss));
}

train().then(
  () => show("status", "done"),
  (error) => show("status", `failed: ${error.message}`),
);

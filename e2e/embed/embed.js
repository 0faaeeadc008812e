/**
 * Trains XOR with the single-file bundle, as a page without a build step would; `?backend=cpu` chooses the device, `&javascript` refuses
 * WebAssembly.
 */
import { init, layers, optimizers, Sequential, tensor } from "../../packages/tenrec/dist/tenrec.min.js";

const show = (id, text) => {
  document.getElementById(id).textContent = text;
};

async function train() {
  const query = new URLSearchParams(location.search);
  const wanted = { backend: query.get("backend") ?? "auto" };
  const { backend, features } = await init(
    query.has("javascript") ? { ...wanted, webAssembly: false } : wanted,
  );
  show("backend", backend);
  show("features", features.join(", "));
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const y = tensor([[0], [1], [1], [0]]);
  const model = new Sequential([
    new layers.Dense(16, { activation: "tanh" }),
    new layers.Dense(1, { activation: "sigmoid" }),
  ]);
  model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.05 }), loss: "binary_crossentropy" });
  const { history } = await model.fit(x, y, { epochs: 200, batchSize: 4, verbose: 0 });
  show("firstLoss", history.loss[0].toFixed(4));
  show("lastLoss", history.loss.at(-1).toFixed(4));
  const predictions = await (await model.predict(x)).data();
  show("predictions", [...predictions].map((value) => value.toFixed(3)).join(", "));
}

train().then(
  () => show("status", "done"),
  (error) => show("status", `failed: ${error.message}`),
);

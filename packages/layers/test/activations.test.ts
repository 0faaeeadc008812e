/** @file Activations by name. Values and gradients: goldenLayers.test.ts. */
import { init } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { activations, layers } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

test.each(["relu", "leaky_relu", "leakyRelu", "hard_sigmoid", "log_softmax", "swish", "LINEAR"])(
  "%s is known",
  (name) => {
    const activation = activations.getActivation(name);
    expect(activation([[1, 2]] as never)).toBeDefined();
  },
);

test("nothing is linear; a function stays itself", () => {
  const own = activations.linear;
  expect(activations.getActivation(own)).toBe(own);
  expect(activations.getActivation(null)(own as never)).toBe(own);
});

test("an unknown name is told with its neighbours", () => {
  expect(() => activations.getActivation("sofmax")).toThrow(
    /unknown activation[\s\S]*did you mean "softmax"/,
  );
});

test("configurations name what was given", () => {
  expect(new layers.Dense(1, { activation: "leaky_relu" }).getConfig().activation).toBe("leaky_relu");
  expect(new layers.Dense(1).getConfig().activation).toBe("linear");
});

test("gelu of layers is exact, unlike the op's default, as in Keras", async () => {
  const [exact] = await activations.gelu([-1] as never).data();
  expect(exact).toBeCloseTo(-0.15865526, 6);
});

/** @file The first programs of a deep learning textbook, as they are written here: on one backend, as tests. */
import { beforeAll, describe, expect, test } from "vitest";
import { GradientTape, init, ops, random, ShapeError, Tensor, tensor, Variable } from "../src/index.ts";

export function testTextbook(backend: "cpu" | "webgpu"): void {
  describe(`textbook programs on ${backend}`, () => {
    beforeAll(async () => {
      expect((await init({ backend })).backend).toBe(backend);
    });
    describe("constants and variables", constants);
    describe("the gradient tape", tapes);
    describe("a linear classifier", classifier);
  });
}

function constants(): void {
  test("all-ones, all-zeros, random tensors", async () => {
    expect(await ops.ones([2, 1]).array()).toEqual([[1], [1]]);
    expect(await ops.zeros([2, 1]).array()).toEqual([[0], [0]]);
    const normal = random.normal([3, 1], { mean: 0, stddev: 1, seed: 7 });
    const uniform = random.uniform([3, 1], { minval: 0, maxval: 1, seed: 7 });
    expect(normal.shape).toEqual([3, 1]);
    for (const x of await uniform.data()) expect(x >= 0 && x < 1).toBe(true);
    expect(await random.normal([3, 1], { seed: 7 }).array()).toEqual(await normal.array());
  });
  test("tensors cannot be assigned", () => {
    const x = ops.ones([2, 2]);
    expect("assign" in x.at(0, 0)).toBe(false);
    expect(x.at(0, 0)).toBeInstanceOf(Tensor);
  });
  test("variables can: all of it, an element, in place", async () => {
    const v = new Variable(random.normal([3, 1], { seed: 1 }), { name: "v" });
    v.assign(ops.ones([3, 1]));
    expect(await v.array()).toEqual([[1], [1], [1]]);
    v.at(0, 0).assign(3);
    expect(await v.array()).toEqual([[3], [1], [1]]);
    v.assignAdd(ops.ones([3, 1]));
    expect(await v.array()).toEqual([[4], [2], [2]]);
    v.assignSub(ops.ones([3, 1]));
    expect(await v.array()).toEqual([[3], [1], [1]]);
  });
  test("assigning another shape is refused and changes nothing", async () => {
    const v = new Variable([[1], [2], [3]], { name: "v" });
    expect(() => v.assign(ops.ones([3, 2]))).toThrow(ShapeError);
    expect(() => v.assign(ops.ones([3, 2]))).toThrow(/float32\[3,2\][^]*float32\[3,1\]/);
    expect(await v.array()).toEqual([[1], [2], [3]]);
  });
  test("operations: square, square root, sum, matrix product, concatenation, a dense layer", async () => {
    const a = ops.ones([2, 2]);
    const b = ops.square(a);
    const c = ops.sqrt(a);
    const d = b.add(c);
    const e = ops.matmul(a, b);
    expect(await d.array()).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(await e.array()).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(await ops.concatenate([a, b], { axis: 0 }).array()).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    const dense = (x: Tensor, w: Tensor, bias: Tensor) => ops.relu(x.matmul(w).add(bias));
    expect(
      await dense(
        tensor([[1, -2]]),
        tensor([
          [1, 2],
          [3, 1],
        ]),
        tensor([0.5, 0.5]),
      ).array(),
    ).toEqual([[0, 0.5]]);
  });
}

function tapes(): void {
  test("the gradient of x squared at 3 is 6, for a variable", async () => {
    const x = new Variable(3);
    const tape = new GradientTape();
    const y = tape.run(() => ops.square(x));
    expect(await tape.gradient(y, x).item()).toBe(6);
  });
  test("and for a constant that is watched", async () => {
    const x = tensor(3);
    const tape = new GradientTape();
    const y = tape.run(() => {
      tape.watch(x);
      return ops.square(x);
    });
    expect(await tape.gradient(y, x).item()).toBe(6);
  });
  test("a constant that is not watched has none", () => {
    const x = tensor(3);
    const tape = new GradientTape();
    const y = tape.run(() => ops.square(x));
    expect(tape.gradient(y, x)).toBeNull();
  });
  test("the position of a falling apple: speed 9.8 t, acceleration 9.8", async () => {
    const time = new Variable(2);
    const outer = new GradientTape();
    const speed = outer.run(() => {
      const inner = new GradientTape();
      const position = inner.run(() => ops.square(time).mul(4.9));
      return inner.gradient(position, time);
    });
    const acceleration = outer.gradient(speed, time);
    expect(await speed.item()).toBeCloseTo(19.6, 5);
    expect(await acceleration.item()).toBeCloseTo(9.8, 5);
  });
  test("gradients of several weights at once", async () => {
    const w = new Variable([
      [1, 2],
      [3, 4],
    ]);
    const b = new Variable([0, 1]);
    const x = tensor([[1, 1]]);
    const tape = new GradientTape();
    const y = tape.run(() => x.matmul(w).add(b).sum());
    const [dw, db] = tape.gradient(y, [w, b]) as [Tensor, Tensor];
    expect(await dw.array()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(await db.array()).toEqual([1, 1]);
  });
}

const samplesPerClass = 1000;

/** Two correlated clouds of points, around (0, 3) and (3, 0), and their labels. */
function clouds(): { inputs: Tensor; targets: Tensor } {
  const covariance = [
    [1, 0.5],
    [0.5, 1],
  ];
  const cloud = (mean: number[], seed: number) =>
    random.multivariateNormal(mean, covariance, { shape: [samplesPerClass], seed });
  const inputs = ops.concatenate([cloud([0, 3], 1), cloud([3, 0], 2)]);
  const targets = ops.concatenate([ops.zeros([samplesPerClass, 1]), ops.ones([samplesPerClass, 1])]);
  return { inputs, targets };
}

function classifier(): void {
  test("trained by hand, 40 steps on all samples, separates two clouds", async () => {
    const { inputs, targets } = clouds();
    const w = new Variable(random.uniform([2, 1], { seed: 3 }));
    const b = new Variable(ops.zeros([1]));
    const model = (x: Tensor) => x.matmul(w).add(b);
    const trainingStep = (): Tensor => {
      const tape = new GradientTape();
      const loss = tape.run(() => ops.mean(ops.square(targets.sub(model(inputs)))));
      const [dw, db] = tape.gradient(loss, [w, b]) as [Tensor, Tensor];
      w.assignSub(dw.mul(0.1));
      b.assignSub(db.mul(0.1));
      return loss;
    };
    const losses: Tensor[] = [];
    for (let step = 0; step < 40; step++) losses.push(trainingStep());
    const first = await (losses[0] as Tensor).item();
    const last = await (losses.at(-1) as Tensor).item();
    expect(last).toBeLessThan(first);
    expect(last).toBeLessThanOrEqual(0.05);
    const isRight = ops.equal(ops.greater(model(inputs), 0.5).cast("float32"), targets);
    expect(await isRight.cast("float32").mean().item()).toBeGreaterThanOrEqual(0.98);
  });
}

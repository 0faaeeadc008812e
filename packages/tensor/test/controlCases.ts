/** @file Programs of control flow beside the same ones written out, for the tests of both devices and of the oracle. */
import { ops, type Tensor, tensor } from "../src/index.ts";

/** Functions of tensors to a scalar: with control flow, and without. */
export interface ControlCase {
  readonly loop: (...inputs: Tensor[]) => Tensor;
  readonly plain: (...inputs: Tensor[]) => Tensor;
  /** Shapes of the inputs. */
  readonly inputs: readonly (readonly number[])[];
}

const total = (...values: readonly Tensor[]): Tensor =>
  values.map((value) => ops.sum(ops.square(value))).reduce((a, b) => a.add(b));
const row = (x: Tensor, t: number): Tensor => x.at(t) as Tensor;
const steps = (length: number): number[] => Array.from({ length }, (_, t) => t);

function rnn(w: Tensor, xs: Tensor, h0: Tensor): [Tensor, Tensor[]] {
  const out: Tensor[] = [];
  let h = h0;
  for (let t = 0; t < (xs.shape[0] as number); t++) {
    h = ops.tanh(ops.matmul(h, w).add(row(xs, t)));
    out.push(h);
  }
  return [h, out];
}

const scanRnn = (w: Tensor, xs: Tensor, h0: Tensor, options = {}): [Tensor, Tensor] =>
  ops.scan(
    (h: Tensor, x: Tensor) => {
      const next = ops.tanh(ops.matmul(h, w).add(x));
      return [next, next];
    },
    h0,
    xs,
    options,
  );

const rnnCase = (length: number, batch: number, units: number): ControlCase => ({
  inputs: [
    [units, units],
    [length, batch, units],
    [batch, units],
  ],
  loop: (w, xs, h0) => {
    const [h, hs] = scanRnn(w as Tensor, xs as Tensor, h0 as Tensor);
    return total(hs).add(ops.sum(h));
  },
  plain: (w, xs, h0) => {
    const [h, hs] = rnn(w as Tensor, xs as Tensor, h0 as Tensor);
    return total(...hs).add(ops.sum(h));
  },
});

export const controlCases: Readonly<Record<string, ControlCase>> = {
  "a recurrent layer": rnnCase(4, 2, 8),
  "a recurrent layer of odd width": rnnCase(3, 1, 5),
  "one iteration": rnnCase(1, 2, 3),
  "several carries that change places, a counter, and a stacked result of its own": {
    inputs: [[3], [3], [4, 3]],
    loop: (a0, b0, xs) => {
      const [[a, b], ys] = ops.scan<[Tensor, Tensor, Tensor]>(
        ([a, b, i], x) => [[b, a.mul(x).add(b), i.add(1)], ops.sin(a).mul(i)],
        [a0, b0, tensor(1)],
        xs,
      );
      return total(a, b, ys);
    },
    plain: (a0, b0, xs) => {
      let [a, b] = [a0 as Tensor, b0 as Tensor];
      const ys: Tensor[] = [];
      for (const t of steps(4)) {
        ys.push(ops.sin(a).mul(t + 1));
        [a, b] = [b, a.mul(row(xs as Tensor, t)).add(b)];
      }
      return total(a, b, ...ys);
    },
  },
  "records of carries and sequences": {
    inputs: [
      [2, 3],
      [2, 3],
      [3, 2, 3],
      [3, 3],
    ],
    loop: (h, c, u, v) => {
      const [last, ys] = ops.scan<{ h: Tensor; c: Tensor }, { u: Tensor; v: Tensor }, { sum: Tensor }>(
        ({ h, c }, { u, v }) => {
          const next = ops.sigmoid(c).mul(u).add(h.mul(v));
          return [{ h: next, c: c.add(next) }, { sum: ops.sum(next, { axis: 1 }) }];
        },
        { h, c },
        { u, v },
      );
      return total(last.h, last.c, ys.sum);
    },
    plain: (h0, c0, u, v) => {
      let [h, c] = [h0 as Tensor, c0 as Tensor];
      const sums: Tensor[] = [];
      for (const t of steps(3)) {
        h = ops
          .sigmoid(c)
          .mul(row(u as Tensor, t))
          .add(h.mul(row(v as Tensor, t)));
        c = c.add(h);
        sums.push(ops.sum(h, { axis: 1 }));
      }
      return total(h, c, ...sums);
    },
  },
  "reverse, with results in the order of the sequence": {
    inputs: [
      [3, 3],
      [4, 1, 3],
      [1, 3],
      [4, 1, 3],
    ],
    loop: (w, xs, h0, k) => {
      const [h, hs] = scanRnn(w as Tensor, xs as Tensor, h0 as Tensor, { reverse: true });
      const [, ys] = ops.scan((s: Tensor, x: Tensor) => [s.mul(x), s.add(x)], h, xs, { reverse: true });
      return ops.sum(hs.mul(k as Tensor)).add(ops.sum((ys as Tensor).mul(k as Tensor)));
    },
    plain: (w, xs, h0, k) => {
      let h = h0 as Tensor;
      let sum = tensor(0);
      const order = steps(4).reverse();
      for (const t of order) {
        h = ops.tanh(ops.matmul(h, w as Tensor).add(row(xs as Tensor, t)));
        sum = sum.add(ops.sum(h.mul(row(k as Tensor, t))));
      }
      let s = h;
      for (const t of order) {
        const x = row(xs as Tensor, t);
        sum = sum.add(ops.sum(s.add(x).mul(row(k as Tensor, t))));
        s = s.mul(x);
      }
      return sum;
    },
  },
  "a loop in a loop": {
    inputs: [[3, 2], [2, 4], [2]],
    loop: (xs, ws, h0) => {
      const [h, ys] = ops.scan(
        (h: Tensor, x: Tensor) => {
          const [inner, sums] = ops.scan(
            (g: Tensor, w: Tensor) => [ops.sin(g.mul(ops.sum(w)).add(x)), g.mul(x)],
            h,
            ws,
          );
          return [inner, ops.sum(sums as Tensor, { axis: 0 })];
        },
        h0,
        xs,
      );
      return total(h, ys as Tensor);
    },
    plain: (xs, ws, h0) => {
      let h = h0 as Tensor;
      const ys: Tensor[] = [];
      for (const t of steps(3)) {
        const x = row(xs as Tensor, t);
        let sum = tensor([0, 0]);
        for (const s of steps(2)) {
          sum = sum.add(h.mul(x));
          h = ops.sin(h.mul(ops.sum(row(ws as Tensor, s))).add(x));
        }
        ys.push(sum);
      }
      return total(h, ...ys);
    },
  },
  "rows, reductions and views of captured values in a body": {
    inputs: [
      [6, 5],
      [3, 7, 6],
      [7, 5],
    ],
    loop: (w, xs, h0) => {
      const [h, ys] = ops.scan(
        (h: Tensor, x: Tensor) => {
          const scores = ops.softmax(ops.matmul(h, ops.transpose(w as Tensor)).add(x));
          const next = ops.matmul(scores, w as Tensor).add(ops.mean(h, { axis: 1, keepdims: true }));
          return [next, ops.max(scores, { axis: 1 })];
        },
        h0,
        xs,
      );
      return total(h, ys as Tensor);
    },
    plain: (w, xs, h0) => {
      let h = h0 as Tensor;
      const ys: Tensor[] = [];
      for (const t of steps(3)) {
        const scores = ops.softmax(ops.matmul(h, ops.transpose(w as Tensor)).add(row(xs as Tensor, t)));
        h = ops.matmul(scores, w as Tensor).add(ops.mean(h, { axis: 1, keepdims: true }));
        ys.push(ops.max(scores, { axis: 1 }));
      }
      return total(h, ...ys);
    },
  },
  "values that pass through, and sequences nobody reads": {
    inputs: [[3], [4, 3], [3]],
    loop: (a, xs, k) => {
      const [[kept, moved], [ones, same, ys]] = ops.scan<[Tensor, Tensor], [Tensor, Tensor], Tensor[]>(
        ([kept], [x]) => [
          [kept, x],
          [ops.ones([2]), kept, x.mul(k as Tensor)],
        ],
        [a, k],
        [xs, xs],
      ) as [[Tensor, Tensor], [Tensor, Tensor, Tensor]];
      return total(kept, moved, ones, same, ys);
    },
    plain: (a, xs, k) =>
      total(
        a as Tensor,
        row(xs as Tensor, 3),
        ops.ones([8]),
        ...steps(4).map(() => a as Tensor),
        (xs as Tensor).mul(k as Tensor),
      ),
  },
  "no sequence but a length": {
    inputs: [[3]],
    loop: (a) => {
      const [last, all] = ops.scan((x: Tensor) => [ops.sin(x).mul(1.5), x], a, undefined, { length: 5 });
      return total(last, all as Tensor);
    },
    plain: (a) => {
      let x = a as Tensor;
      const all: Tensor[] = [];
      for (const _ of steps(5)) {
        all.push(x);
        x = ops.sin(x).mul(1.5);
      }
      return total(x, ...all);
    },
  },
  foriLoop: {
    inputs: [[2, 3]],
    loop: (a) =>
      total(ops.foriLoop(2, 6, (i, x: Tensor) => ops.sin(x.mul(ops.cast(i, "float32"))).add(x), a)),
    plain: (a) => total([2, 3, 4, 5].reduce((x, i) => ops.sin(x.mul(i)).add(x), a as Tensor)),
  },
  map: {
    inputs: [
      [4, 3],
      [3, 3],
    ],
    loop: (xs, w) => total(ops.map((x: Tensor) => ops.tanh(ops.matmul(x.reshape([1, 3]), w as Tensor)), xs)),
    plain: (xs, w) => total(ops.tanh(ops.matmul(xs as Tensor, w as Tensor))),
  },
  unrolled: {
    inputs: [
      [4, 4],
      [3, 2, 4],
      [2, 4],
    ],
    loop: (w, xs, h0) => {
      const [h, hs] = scanRnn(w as Tensor, xs as Tensor, h0 as Tensor, { unroll: true });
      return total(hs, h);
    },
    plain: (w, xs, h0) => {
      const [h, hs] = rnn(w as Tensor, xs as Tensor, h0 as Tensor);
      return total(...hs, h);
    },
  },
  "whileLoop that ends before its bound": {
    inputs: [[3], [3]],
    loop: (x, k) => {
      const [, y] = ops.whileLoop<[Tensor, Tensor]>(
        (i: Tensor) => ops.less(i, 3),
        (i: Tensor, y: Tensor) => [i.add(1), ops.sin(y).mul(k as Tensor)],
        [tensor(0), x],
        { maximumIterations: 5 },
      );
      return total(y);
    },
    plain: (x, k) => total(steps(3).reduce((y) => ops.sin(y).mul(k as Tensor), x as Tensor)),
  },
  "cond, both ways": {
    inputs: [[3], [3]],
    loop: (x, y) => {
      const f = (limit: number) =>
        ops.cond(
          ops.greater(ops.sum(x as Tensor), limit),
          () => ops.exp(x as Tensor).mul(y as Tensor),
          () => ops.square(y as Tensor),
        );
      return total(f(-100), f(100));
    },
    plain: (x, y) => total(ops.exp(x as Tensor).mul(y as Tensor), ops.square(y as Tensor)),
  },
  "switch with operands, in a loop": {
    inputs: [[2], [3, 2], [2]],
    loop: (x0, xs, k) => {
      const [[, last], ys] = ops.scan<[Tensor, Tensor]>(
        ([i, x], u) => {
          const next = ops.switch<Tensor>(
            i,
            [
              (a: Tensor, b: Tensor) => a.mul(b),
              (a: Tensor, b: Tensor) => ops.sin(a).add(b.mul(k as Tensor)),
              (a: Tensor) => ops.exp(a.mul(0.3)),
            ],
            x,
            u,
          );
          return [[i.add(ops.cast(1, "int32")), next], next.mul(u)];
        },
        [tensor(0, { dtype: "int32" }), x0],
        xs,
      );
      return total(last, ys);
    },
    plain: (x0, xs, k) => {
      const u = steps(3).map((t) => row(xs as Tensor, t));
      const a = (x0 as Tensor).mul(u[0] as Tensor);
      const b = ops.sin(a).add((u[1] as Tensor).mul(k as Tensor));
      const c = ops.exp(b.mul(0.3));
      return total(c, a.mul(u[0] as Tensor), b.mul(u[1] as Tensor), c.mul(u[2] as Tensor));
    },
  },
  "associativeScan of a linear recurrence": {
    inputs: [
      [5, 2],
      [5, 2],
    ],
    loop: (a, b) => {
      const [, y] = ops.associativeScan<[Tensor, Tensor]>(
        ([a1, b1], [a2, b2]) => [a1.mul(a2), a2.mul(b1).add(b2)],
        [a, b],
      );
      return total(y);
    },
    plain: (a, b) => {
      const ys: Tensor[] = [];
      for (const t of steps(5)) {
        const before = ys.at(-1);
        const now = row(b as Tensor, t);
        ys.push(
          before
            ? row(a as Tensor, t)
                .mul(before)
                .add(now)
            : now,
        );
      }
      return total(...ys);
    },
  },
};

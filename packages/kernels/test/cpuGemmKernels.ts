/** @file Matrix products for tests of the cpu backend. */
import type { GemmKernel, Operand } from "../src/ir/kernel.ts";
import { binding, Code } from "./cpuReference.ts";

const tile = { threads: [8, 8], perThread: [4, 4], shared: false, depth: 16 } as const;

export function gemmKernel(
  fields: Pick<GemmKernel, "a" | "b" | "bindings" | "epilogue"> & Partial<GemmKernel>,
): GemmKernel {
  return { form: "gemm", label: "test", tile, numParams: 24, ...fields };
}

/** A load of `bindingIndex` at the sum of axis * param word, from the element on that param word `first` names. */
export function operand(
  bindingIndex: number,
  terms: readonly (readonly [number, number])[],
  scaled = false,
  first?: number,
): Operand {
  const code = new Code();
  const index = code.index(...terms);
  const loaded = code.load(bindingIndex, first === undefined ? index : code.add(index, code.param(first)));
  const value = scaled ? code.mul(loaded, code.const(0.5, "float32")) : loaded;
  return { code: code.code, value, transposed: false, vector: false };
}

/** Params: 0..3 extents, then strides of A [b, m, k] at 4, B [b, k, n] at 7, C [b, m, n] at 10. */
export function plainGemm(scaled: boolean): GemmKernel {
  const epilogue = new Code();
  const sum = epilogue.add(epilogue.acc(), epilogue.load(2, epilogue.axis(2)));
  epilogue.store(
    3,
    epilogue.index([0, 10], [1, 11], [2, 12]),
    epilogue.op("max", "float32", sum, epilogue.const(0, "float32")),
  );
  const columnSum = new Code();
  columnSum.store(
    4,
    columnSum.add(columnSum.mul(columnSum.axis(0), columnSum.param(2)), columnSum.axis(2)),
    columnSum.acc(),
  );
  const out = binding("float32", "read_write");
  return gemmKernel({
    a: operand(
      0,
      [
        [0, 4],
        [1, 5],
        [3, 6],
      ],
      scaled,
    ),
    b: operand(
      1,
      [
        [0, 7],
        [3, 8],
        [2, 9],
      ],
      scaled,
    ),
    bindings: [binding(), binding(), binding(), out, out],
    epilogue: epilogue.body,
    columnSum: columnSum.body,
  });
}

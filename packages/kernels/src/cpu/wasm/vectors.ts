/** @file Vectors in memory. */
import type { FunctionBuilder, Value } from "./assembler.ts";

/** The four words from `offset` bytes behind `address` on. */
export function loadVector(address: Value, offset = 0): Value {
  return (f) => {
    address(f);
    f.memory("v128.load", offset);
  };
}

export function storeVector(f: FunctionBuilder, address: Value, value: Value, offset = 0): void {
  address(f);
  value(f);
  f.memory("v128.store", offset);
}

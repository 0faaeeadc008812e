/** @file Reads what belongs to pairs of queries and keys: from arrays whose axes may serve all, lie side by side or apart. */
import type { Value } from "../assembler.ts";
import { add, addScaled, int, min } from "../integers.ts";
import { tileColumns } from "../microKernel.ts";
import type { Block, PairAxes, Pairs } from "./attentionPairs.ts";

/** A vector of the row at hand: of half 0 lanes 0 to 3, of half 1 lanes 4 to 7. */
export type Read = (half: number) => Value;

/** How an array with such strides is read in a block. */
export function reader(pairs: Pairs, { first }: Block, array: Value, strides: PairAxes): Read {
  const { f, row, lanes, lanesAreQueries } = pairs;
  const start = f.keep("i32", pairs.headStart(array, strides)).get;
  const [laneStride, rowStride] = lanesAreQueries ? [strides[2], strides[3]] : [strides[3], strides[2]];
  const at = (index: Value): Value => {
    const address = f.keep("i32", addScaled(start, index, laneStride * 4)).get;
    return addScaled(address, row.get, rowStride * 4);
  };
  if (laneStride === 0) return () => load("v128.load32_splat", at(first), 0);
  if (laneStride === 1) {
    const address = at(first);
    return (half) => load("v128.load", address, half * 16);
  }
  const last = int(lanes - 1);
  const addresses = Array.from({ length: tileColumns }, (_, lane) => at(min(add(first, int(lane)), last)));
  return (half) => gather(addresses.slice(half * 4, half * 4 + 4));
}

function load(name: "v128.load" | "v128.load32_splat", address: Value, offset: number): Value {
  return (f) => {
    address(f);
    f.memory(name, offset);
  };
}

/** A word of each address. */
function gather([first, ...others]: readonly Value[]): Value {
  return others.reduce<Value>(
    (vector, address, i) => (f) => {
      address(f);
      vector(f);
      f.memoryLane("v128.load32_lane", i + 1);
    },
    (f) => {
      first!(f);
      f.memory("v128.load32_zero");
    },
  );
}

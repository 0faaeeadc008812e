/** @file How running and segmented reductions begin and go on, by the template's constant OPERATION: sum, product, maximum, minimum. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import type { simd } from "../opcodes.ts";

type Instruction = keyof typeof simd;

const floatSteps: readonly Instruction[] = ["f32x4.add", "f32x4.mul", "f32x4.max", "f32x4.min"];
const integerSteps: readonly Instruction[] = ["i32x4.add", "i32x4.mul", "i32x4.max_s", "i32x4.min_s"];
const doubleSteps: readonly Instruction[] = ["f64x2.add", "f64x2.mul"];

/** The first value in all lanes. */
export function startOf(operation: number, integer: boolean): Value {
  const limit = integer ? 2 ** 31 : Infinity;
  const value = [0, 1, -limit, integer ? limit - 1 : limit][operation]!;
  return (f) => f.v128([value, value, value, value], integer);
}

/** The instruction that joins two values. */
export function stepOf(operation: number, integer: boolean): Instruction {
  return (integer ? integerSteps : floatSteps)[operation]!;
}

/** The one that joins float64 numbers; undefined where they gain nothing. */
export function doubleStepOf(operation: number, integer: boolean): Instruction | undefined {
  return integer ? undefined : doubleSteps[operation];
}

/** `name` of operands. */
export function apply(name: Instruction, ...operands: Value[]): Value {
  return (f) => {
    for (const operand of operands) operand(f);
    f.simd(name);
  };
}

/** A word, in the first lane. */
export function loadWord(address: Value): Value {
  return (f) => {
    address(f);
    f.memory("v128.load32_zero");
  };
}

export function storeWord(f: FunctionBuilder, address: Value, value: Value): void {
  address(f);
  value(f);
  f.memoryLane("v128.store32_lane", 0);
}

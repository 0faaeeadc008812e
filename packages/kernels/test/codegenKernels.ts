/** @file Builders of kernels for the tests of code generation. */
import type { Binding, Dtype, Instr, LoopKernel, Store } from "../src/ir/kernel.ts";

/** Collects the steps of a scalar program. */
export class Program {
  readonly code: Instr[] = [];

  push(op: string, dtype: Dtype, args: readonly number[] = [], extra: Partial<Instr> = {}): number {
    this.code.push({ op, dtype, args, ...extra });
    return this.code.length - 1;
  }

  axis(axis: number): number {
    return this.push("axis", "int32", [], { value: axis });
  }

  const(value: number, dtype: Dtype = "float32"): number {
    return this.push("const", dtype, [], { value });
  }

  param(word: number, dtype: Dtype = "int32"): number {
    return this.push("param", dtype, [], { value: word });
  }

  load(binding: number, index: number, dtype: Dtype = "float32", vector = false): number {
    return this.push("load", dtype, [index], {
      value: binding,
      ...(vector && { access: "vector" as const }),
    });
  }

  /** Row-major index of `axes`, whose extents are the param words of the same numbers. */
  rowMajor(axes: readonly number[]): number {
    return axes.slice(1).reduce((sum, axis) => {
      const scaled = this.push("mul", "int32", [sum, this.param(axis)]);
      return this.push("add", "int32", [scaled, this.axis(axis)]);
    }, this.axis(axes[0]!));
  }
}

export function set(
  binding: number,
  index: number,
  value: number,
  level: Store["level"] = "full",
  vector = false,
): Store {
  return { op: "set", binding, index, value, level, ...(vector && { access: "vector" as const }) };
}

export function read(dtype: Dtype = "float32", vector = false): Binding {
  return { dtype, access: "read", vector };
}

export function write(dtype: Dtype = "float32", vector = false): Binding {
  return { dtype, access: "read_write", vector };
}

export function loop(parts: Partial<LoopKernel> & Pick<LoopKernel, "bindings" | "body">): LoopKernel {
  return {
    form: "loop",
    label: "test",
    rows: 1,
    cols: 0,
    schedule: "flat",
    workgroupSize: 64,
    lanes: 1,
    laneAxis: -1,
    numParams: 8,
    stages: [],
    ...parts,
  };
}

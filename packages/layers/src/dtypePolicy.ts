/** @file DTypePolicy: the dtypes of layers by name, and the policy of all layers that are made without one. */
import { allowHalves, type Dtype, ValueError } from "@tenrec/tensor";
import { findName } from "./identifiers.ts";
import { mixing } from "./mixing.ts";
import { type Precision, precision, uniform } from "./precision.ts";

const full = /* @__PURE__ */ uniform("float32");

const names = ["float32", "mixed_float16"] as const;
export type DTypePolicyName = (typeof names)[number];

/**
 * In what a layer computes and in what it keeps its weights: `"float32"`, or `"mixed_float16"`: weights in float32, their use and all
 * activations in float16, whose sums are accumulated in float32. Give it to a layer as `dtype`.
 *
 * @throws ValueError for another name.
 * @example
 * new layers.Dense(10, { activation: "softmax", dtype: new DTypePolicy("float32") });
 */
export class DTypePolicy implements Precision {
  readonly name: string;
  readonly computeDtype: Dtype;
  readonly variableDtype: Dtype;

  constructor(name: string = precision.usual.name) {
    if (name === "float16" || name.includes("bfloat16")) throw unsupported(name);
    const found = findName("DTypePolicy", "name", name, names) === mixing.mixed.name ? mixing.mixed : full;
    this.name = found.name;
    this.computeDtype = found.computeDtype;
    this.variableDtype = found.variableDtype;
    allowHalves();
    precision.mixing = mixing;
  }

  getConfig(): { name: string } {
    return { name: this.name };
  }

  toString(): string {
    return `<DTypePolicy "${this.name}">`;
  }
}

/**
 * The policy of layers made from now on. Under `"mixed_float16"` let the model end in float32, as the loss wants it:
 * `new layers.Dense(10, { activation: "softmax", dtype: "float32" })`. `compile` then wraps the optimizer in a LossScaleOptimizer.
 *
 * @example
 * setDtypePolicy("mixed_float16");
 */
export function setDtypePolicy(policy: DTypePolicyName | DTypePolicy): void {
  precision.usual = policy instanceof DTypePolicy ? policy : new DTypePolicy(policy);
}

/** The policy of layers that are made without one. */
export function dtypePolicy(): DTypePolicy {
  return new DTypePolicy(precision.usual.name);
}

function unsupported(name: string): ValueError {
  return new ValueError("DTypePolicy", `"${name}" is not a policy here.`, {
    received: JSON.stringify(name),
    expected: names.map((known) => JSON.stringify(known)).join(" or "),
    fix: 'use "mixed_float16": WebGPU has no bfloat16, and weights kept in float16 lose most updates.',
  });
}

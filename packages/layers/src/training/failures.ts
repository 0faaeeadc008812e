/** @file Errors of data and losses that are found on the way, told by code that a good run does not load. */
import { type HostData, ValueError } from "@tenrec/tensor";

export function badLabel(where: string, labels: HostData, at: number, classes: number): ValueError {
  return new ValueError(where, "a label is out of range.", {
    received: `y[${at}] = ${labels[at]}.`,
    expected: `class numbers from 0 to ${classes - 1}: the model has ${classes} outputs.`,
    fix: "number the classes from 0, or give the last layer as many units as there are classes.",
  });
}

export function notFinite(where: string, step: number): ValueError {
  return new ValueError(where, `the loss is not finite at step ${step}.`, {
    received: "NaN or Infinity.",
    expected: "a finite loss; training has stopped, and the weights are those before that step.",
    fix: "lower the learning rate, scale the data, or clip gradients (clipnorm).",
  });
}

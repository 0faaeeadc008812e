/** @file Base of learning-rate schedules. */
import type { Tensor } from "@tenrec/tensor";

/** A learning rate as a function of the number of updates so far, computed on the device. */
export abstract class LearningRateSchedule {
  static readonly className: string = "LearningRateSchedule";
  /** @param step - Updates so far, float32 scalar. */
  abstract call(step: Tensor): Tensor;
  abstract getConfig(): Record<string, unknown>;
}

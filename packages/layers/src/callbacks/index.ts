/** @file All callbacks. */
export { Callback, type CallbackParams, type HookResult, type Hooks, type Logs } from "./callback.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./earlyStopping.ts";
export { History } from "./history.ts";
export { LambdaCallback } from "./lambdaCallback.ts";
export {
  LearningRateScheduler,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  type ScheduleFunction,
} from "./learningRate.ts";
export { CallbackList } from "./list.ts";
export type { MonitorMode, MonitorOptions } from "./monitor.ts";
export { ProgbarLogger, type Terminal } from "./progress.ts";

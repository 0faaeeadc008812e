// Brings jax-js up on its WebGPU or WebAssembly backend, and runs jitted training steps and single operations in it.
import {
  blockUntilReady,
  defaultDevice,
  init,
  type Array as JaxArray,
  jit,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from "@jax-js/jax";
import { backend } from "../backend.ts";
import { checkedLength, isStatistic, type TrainingProblem, type Values } from "../problem.ts";
import { type Run, trainEpochs } from "../run.ts";
import { type Arrays, adam, mapArrays, type Slots, type Update } from "./jaxOptimizers.ts";

export type { Arrays } from "./jaxOptimizers.ts";

const device = backend === "cpu" ? "wasm" : "webgpu";

export async function startJax(): Promise<void> {
  const available = await init(device);
  if (!available.includes(device)) throw new Error(`jax-js found no ${device}, only ${available.join(", ")}`);
  defaultDevice(device);
}

let isSynchronous = false;

/** Makes WebAssembly kernels run in the page's thread instead of on workers. */
export function readSynchronously(): void {
  isSynchronous = true;
}

/**
 * Has a step's kernels computed, as far as that goes without waiting. On WebGPU they are sent off: unsent, the steps would hold
 * their buffers until the reading. A synchronous reading of one number computes all.
 */
export function send(array: JaxArray): void {
  if (device === "webgpu") array.ref.gpuBufferSync();
  else if (isSynchronous) array.ref.reshape([-1]).slice([0, 1]).dataSync();
}

/** What a step has to be waited for: workers compute while somebody does. */
export function finish(array: JaxArray): Promise<unknown> | undefined {
  return device === "wasm" && !isSynchronous ? array.blockUntilReady() : undefined;
}

export const read = async (array: JaxArray) => (isSynchronous ? array.dataSync() : await array.data());

export const toArray = ({ data, shape }: Values): JaxArray => np.array(data, { shape });

/** NHWC to NCHW. */
export const toChannelsFirst = (array: JaxArray): JaxArray => array.transpose([0, 3, 1, 2]);
/** A convolution's kernel from Keras's [height, width, in, out] to [out, in, height, width]. */
export const toOihw = (array: JaxArray): JaxArray => array.transpose([3, 2, 0, 1]);

export type ArrayBatch = { x: JaxArray; y: JaxArray };

/** The loss and the new running statistics; a function of this kind consumes its arguments, as jax-js asks. */
export type LossOf = (weights: Arrays, batch: ArrayBatch) => [loss: JaxArray, statistics: Arrays];

type State = Slots & { statistics: Arrays };

function trainingStep(
  lossOf: LossOf,
  update: Update,
): (state: State, batch: ArrayBatch) => [State, JaxArray] {
  return ({ statistics, ...state }, batch) => {
    const ofWeights = (weights: Arrays) => lossOf({ ...weights, ...tree.ref(statistics) }, batch);
    const [[loss, newStatistics], gradients] = valueAndGrad(ofWeights, { hasAux: true })(
      tree.ref(state.weights),
    );
    tree.dispose(statistics);
    return [{ ...update(gradients as Arrays, state), statistics: newStatistics as Arrays }, loss];
  };
}

function initialState(weights: Arrays): State {
  const names = Object.keys(weights);
  const pick = (wanted: (name: string) => boolean): Arrays =>
    Object.fromEntries(names.filter(wanted).map((name) => [name, weights[name]!]));
  const trained = pick((name) => !isStatistic(name));
  const zeros = () => mapArrays(trained, ({ shape }) => np.zeros(shape));
  return {
    weights: trained,
    means: zeros(),
    variances: zeros(),
    statistics: pick(isStatistic),
    step: np.array([0]).reshape([]),
  };
}

/** How weights and inputs come into the layout that suits jax-js, labels into one-hot rows (once, outside of steps), and the optimizer. */
export interface Settings {
  weight?: (array: JaxArray, name: string) => JaxArray;
  x?: (array: JaxArray) => JaxArray;
  classes?: number;
  /** Adam, if nothing is said. */
  update?: Update;
}

/** Training steps of one jit each: value, gradient, update of the weights. */
export async function trainingRun(
  problem: TrainingProblem,
  lossOf: LossOf,
  prepare: Settings = {},
): Promise<Run> {
  const step = jit(trainingStep(lossOf, prepare.update ?? adam)) as (
    state: State,
    batch: ArrayBatch,
  ) => [State, JaxArray];
  const arrays = Object.entries(problem.weights).map(([name, values]): [string, JaxArray] => {
    const array = toArray(values);
    return [name, prepare.weight?.(array, name) ?? array];
  });
  let state = await blockUntilReady(initialState(Object.fromEntries(arrays)));
  const batches = await blockUntilReady(
    problem.batches.map(
      ({ x, y }): ArrayBatch => ({
        x: prepare.x?.(toArray(x)) ?? toArray(x),
        y: prepare.classes ? nn.oneHot(toArray(y), prepare.classes) : toArray(y),
      }),
    ),
  );
  const advance = (index: number): JaxArray => {
    const [newState, loss] = step(state, tree.ref(batches[index]!));
    state = newState;
    send(loss);
    return loss;
  };
  return {
    firstStep: async () => (await advance(0).data())[0]!,
    train: trainEpochs({
      steps: batches.length,
      step: advance,
      finish,
      mean: async (losses) => (await np.stack(losses).mean().data())[0]!,
    }),
  };
}

/** Mean of -log of the probability given to each row's class, from logits. */
export function crossEntropy(logits: JaxArray, oneHot: JaxArray): JaxArray {
  const rows = logits.size / logits.shape.at(-1)!;
  return nn
    .logSoftmax(logits)
    .mul(oneHot)
    .sum()
    .mul(-1 / rows);
}

export const meanSquaredError = (prediction: JaxArray, target: JaxArray): JaxArray =>
  np.square(prediction.sub(target)).mean();

/** One jitted operation over and over on resident operands; the mean of squares of the last result's beginning stands for the loss. */
export function operationRun(
  steps: number,
  operation: (...operands: JaxArray[]) => JaxArray,
  operands: JaxArray[],
): Run {
  const jitted = jit(operation) as (...operands: JaxArray[]) => JaxArray;
  let last = np.array([0]);
  const step = () => {
    last.dispose();
    last = jitted(...operands.map((operand) => operand.ref));
    send(last);
  };
  const check = async () => {
    const length = Math.min(checkedLength, last.size);
    const checked = last.ref.reshape([-1]).slice([0, length]);
    return (await np.square(checked).mean().data())[0]!;
  };
  return {
    firstStep: () => {
      step();
      return check();
    },
    train: trainEpochs({ steps, step, finish: () => finish(last), mean: check }),
  };
}

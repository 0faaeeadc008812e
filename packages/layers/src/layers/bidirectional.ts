/** @file Bidirectional: a recurrent layer forwards and one backwards over the same sequence. */
import { ops, type Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type Shape, type Values } from "../layer.ts";
import type { Mask } from "../masks.ts";
import type { RecurrentCallOptions, RecurrentRunOptions, RNN } from "./rnn.ts";

const mergeModes = ["concat", "sum", "mul", "ave", null] as const;
/** How the outputs of both directions become one; null: both are given. */
export type MergeMode = (typeof mergeModes)[number];

export interface BidirectionalOptions extends LayerOptions {
  readonly mergeMode?: MergeMode;
  /** The layer for the way back, which has goBackwards; a copy of the other by default. */
  readonly backwardLayer?: RNN | null;
}

/**
 * Two recurrent layers with the settings of `layer`, one of them from the last step to the first. Outputs belong to the same step; masked
 * steps give 0 with returnSequences. With returnState the states of both follow, the forward ones first; `initialState` takes them so.
 *
 * Weights: those of the forward layer, then those of the backward layer.
 * @example
 * new layers.Bidirectional(new layers.LSTM(32, { returnSequences: true })); // [batch, steps, 64]
 */
export class Bidirectional extends Layer {
  static override readonly className: string = "Bidirectional";
  override supportsMasking = true;
  readonly forwardLayer: RNN;
  readonly backwardLayer: RNN;
  readonly mergeMode: MergeMode;

  constructor(layer: RNN, { mergeMode = "concat", backwardLayer, ...options }: BidirectionalOptions = {}) {
    super(options);
    if (!mergeModes.includes(mergeMode)) throw unknownMode(this.name, mergeMode);
    const nameOf = (way: string): string => `${way}_${layer.name.replace(`${way}_`, "")}`;
    this.mergeMode = mergeMode;
    this.forwardLayer = layer.copy({ name: nameOf("forward") });
    this.backwardLayer =
      backwardLayer ?? layer.copy({ goBackwards: !layer.goBackwards, name: nameOf("backward") });
    checkPair(this.name, this.forwardLayer, this.backwardLayer);
    for (const one of [this.forwardLayer, this.backwardLayer]) one.zeroOutputForMask = one.returnSequences;
  }

  override build(inputShape: Shape): void {
    this.forwardLayer.buildFor(inputShape);
    this.backwardLayer.buildFor(inputShape);
  }

  override call(inputs: Tensor, { initialState, ...options }: RecurrentRunOptions): Values {
    const states = initialState ? ([initialState].flat() as Tensor[]) : null;
    const half = (states?.length ?? 0) / 2;
    const run = (layer: RNN, own: readonly Tensor[] = []): readonly Tensor[] => {
      const given: RecurrentCallOptions = states ? { ...options, initialState: own } : options;
      return [layer.apply<Values>(inputs, given)].flat() as Tensor[];
    };
    const [forward, ...statesForward] = run(this.forwardLayer, states?.slice(0, half));
    const [back, ...statesBack] = run(this.backwardLayer, states?.slice(half));
    const backward = this.forwardLayer.returnSequences ? ops.flip(back as Tensor, { axis: 1 }) : back;
    const outputs = merged(forward as Tensor, backward as Tensor, this.mergeMode);
    const all = [...outputs, ...statesForward, ...statesBack];
    return all.length > 1 ? all : (all[0] as Tensor);
  }

  override computeMask(inputs: Values, previous: Mask | null): Mask | null {
    const [mask = null, ...ofStates] = [this.forwardLayer.computeMask(inputs, previous)].flat();
    const ofOutputs = this.mergeMode === null ? [mask, mask] : [mask];
    const all = [...ofOutputs, ...ofStates, ...ofStates] as (Tensor | null)[];
    return all.length > 1 ? all : mask;
  }

  /** Lets the next batch of stateful layers start from zeros. */
  resetStates(): void {
    this.forwardLayer.resetStates();
    this.backwardLayer.resetStates();
  }
  /** The same as `resetStates`. */
  resetState(): void {
    this.resetStates();
  }

  override getConfig(): Record<string, unknown> {
    const described = (layer: RNN) => ({ className: layer.className, config: layer.getConfig() });
    const [layer, backwardLayer] = [this.forwardLayer, this.backwardLayer].map(described);
    return { ...super.getConfig(), mergeMode: this.mergeMode, layer, backwardLayer };
  }
}

function merged(forward: Tensor, backward: Tensor, mode: MergeMode): Tensor[] {
  if (mode === null) return [forward, backward];
  if (mode === "concat") return [ops.concatenate([forward, backward], { axis: -1 })];
  if (mode === "mul") return [ops.multiply(forward, backward)];
  const sum = ops.add(forward, backward);
  return [mode === "ave" ? ops.divide(sum, 2) : sum];
}

function checkPair(where: string, forward: RNN, backward: RNN): void {
  const same = ["stateful", "returnSequences", "returnState"] as const;
  const wrong = same.find((name) => forward[name] !== backward[name]);
  if (!wrong && forward.goBackwards !== backward.goBackwards) return;
  const name = wrong ?? "goBackwards";
  throw new ValueError(where, "the layers of the two directions do not fit together.", {
    received: `${name} ${forward[name]} forwards, ${backward[name]} backwards.`,
    expected: wrong ? `the same ${name} in both.` : "goBackwards in one of them.",
    fix: `change ${name} of backwardLayer, or leave backwardLayer out.`,
  });
}

function unknownMode(where: string, mode: unknown): ValueError {
  return new ValueError(where, "unknown mergeMode.", {
    received: JSON.stringify(mode),
    expected: mergeModes.map((known) => JSON.stringify(known)).join(", "),
    fix: '"concat" keeps all there is of both directions.',
  });
}

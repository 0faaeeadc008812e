// The transformer as layers of Tenrec.
import { type CallOptions, Layer, layers, type Tensor, type Variable } from "tenrec";
import { crossEntropy, meanSquaredError, startTenrec, tapeRun } from "../libraries/tenrec.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import {
  blockCount,
  contextLength,
  epsilon,
  heads,
  headWidth,
  hidden,
  vocabulary,
  width,
} from "./transformer.ts";

class Block extends Layer {
  readonly norm1 = new layers.LayerNormalization({ epsilon });
  readonly attention = new layers.MultiHeadAttention(heads, headWidth);
  readonly norm2 = new layers.LayerNormalization({ epsilon });
  readonly expand = new layers.Dense(hidden, { activation: "gelu" });
  readonly contract = new layers.Dense(width);
  readonly #isCausal: boolean;

  constructor(isCausal: boolean) {
    super();
    this.#isCausal = isCausal;
  }

  call(x: Tensor): Tensor {
    const normalized: Tensor = this.norm1.apply(x);
    const options: layers.AttentionCallOptions & CallOptions = { useCausalMask: this.#isCausal };
    const attended = this.attention.apply([normalized, normalized], options);
    const middle = x.add(attended);
    return middle.add(this.contract.apply(this.expand.apply(this.norm2.apply(middle))));
  }
}

class CharacterModel extends Layer {
  readonly tokens = new layers.Embedding(vocabulary, width);
  declare positions: Variable;
  readonly blocks = Array.from({ length: blockCount }, () => new Block(true));
  readonly norm = new layers.LayerNormalization({ epsilon });
  readonly head = new layers.Dense(vocabulary);

  override build(): void {
    this.positions = this.addWeight({ name: "embeddings", shape: [contextLength, width] });
  }

  call(ids: Tensor): Tensor {
    let x: Tensor = this.tokens.apply(ids).add(this.positions);
    for (const block of this.blocks) x = block.apply(x) as Tensor;
    return this.head.apply(this.norm.apply(x)) as Tensor;
  }
}

export async function startBlock(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return tapeRun(problem, new Block(false), meanSquaredError, { isJitted: true });
}

export async function startGpt(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return tapeRun(problem, new CharacterModel(), crossEntropy, { isJitted: true });
}

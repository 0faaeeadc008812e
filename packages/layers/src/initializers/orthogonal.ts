/** @file Orthogonal: matrices with orthonormal rows or columns, by a QR decomposition on the host. */
import { type Dtype, random, ShapeError, StateError, type TensorLike } from "@tenrec/tensor";
import { Initializer } from "./initializer.ts";
import type { RandomOptions, Seed } from "./random.ts";

export interface OrthogonalOptions extends RandomOptions {
  readonly gain?: number;
}

/**
 * `gain` times a random matrix with orthonormal columns (rows, if it has fewer of them). Leading axes count as rows.
 * Known by its class alone, not by name: names bring their code into every page.
 * @example
 * new initializers.Orthogonal({ seed: 1 }).apply([64, 64]);
 */
export class Orthogonal extends Initializer {
  static override readonly className: string = "Orthogonal";
  readonly gain: number;
  readonly seed: Seed;

  constructor({ gain = 1, seed }: OrthogonalOptions = {}) {
    super();
    this.gain = gain;
    this.seed = seed ?? random.makeDefaultSeed();
  }
  override value(shape: readonly number[], _dtype: Dtype): TensorLike {
    if (shape.length < 2) throw noMatrix(shape);
    const columns = shape.at(-1) as number;
    const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
    const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
    const vectors = orthonormal(random.hostNormal(this.#key(), long * short), long, short);
    // Vector j is column j of the tall matrix, so the list of vectors is the wide one.
    const data = rows < columns ? vectors : transposed(vectors, short, long);
    return { data: data.map((value) => value * this.gain), shape };
  }
  /** The host computes the decomposition, so it needs the key. */
  #key(): number | readonly [number, number] {
    if (typeof this.seed === "number") return this.seed;
    const { host } = this.seed.next();
    if (host) return host;
    throw new StateError("Orthogonal", "the seed generator's state is on the device.", {
      received: "a SeedGenerator that a compiled function has used.",
      expected: "an integer, or a generator that the host counts.",
      fix: "pass a SeedGenerator of its own.",
    });
  }
  override getConfig(): Record<string, unknown> {
    return { gain: this.gain, seed: typeof this.seed === "number" ? this.seed : null };
  }
}

/**
 * Q of the QR decomposition with a positive diagonal of R, as a list of `count` vectors: Gram-Schmidt in float64. The second pass takes away
 * what rounding left of the vectors before ("twice is enough": Giraud et al. 2005).
 */
function orthonormal(matrix: Float32Array, size: number, count: number): Float32Array<ArrayBuffer> {
  const done: Float64Array[] = [];
  for (let j = 0; j < count; j++) {
    const vector = Float64Array.from({ length: size }, (_, i) => matrix[i * count + j] as number);
    for (let pass = 0; pass < 2; pass++)
      for (const other of done) subtract(vector, other, dot(vector, other));
    const norm = Math.sqrt(dot(vector, vector));
    done.push(vector.map((value) => value / norm));
  }
  const flat = new Float32Array(size * count);
  done.forEach((vector, j) => flat.set(vector, j * size));
  return flat;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function subtract(from: Float64Array, vector: Float64Array, times: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] as number) - times * (vector[i] as number);
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: rows * columns },
    (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)] as number,
  );
}

function noMatrix(shape: readonly number[]): ShapeError {
  return new ShapeError("Orthogonal", "the weight is no matrix.", {
    received: `shape [${shape.join()}].`,
    expected: "at least two axes.",
    fix: "use another initializer for this weight.",
  });
}

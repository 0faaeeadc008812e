/** @file Initializers by name. */
import { type Identifier, resolve } from "../identifiers.ts";
import { Constant, Identity, type Initializer, Ones, Zeros } from "./initializer.ts";
import {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  LecunNormal,
  LecunUniform,
  RandomNormal,
  RandomUniform,
  TruncatedNormal,
  VarianceScaling,
} from "./random.ts";

const byName: Readonly<Record<string, () => Initializer>> = {
  glorot_uniform: () => new GlorotUniform(),
  glorot_normal: () => new GlorotNormal(),
  he_uniform: () => new HeUniform(),
  he_normal: () => new HeNormal(),
  lecun_uniform: () => new LecunUniform(),
  lecun_normal: () => new LecunNormal(),
  variance_scaling: () => new VarianceScaling(),
  random_normal: () => new RandomNormal(),
  normal: () => new RandomNormal(),
  random_uniform: () => new RandomUniform(),
  uniform: () => new RandomUniform(),
  truncated_normal: () => new TruncatedNormal(),
  zeros: () => new Zeros(),
  zero: () => new Zeros(),
  ones: () => new Ones(),
  one: () => new Ones(),
  constant: () => new Constant(),
  identity: () => new Identity(),
};

/** The initializer of a name; objects are returned as they are. */
export function getInitializer(identifier: Identifier<Initializer>): Initializer {
  return resolve("initializer", "initializer", identifier, byName) ?? new Zeros();
}

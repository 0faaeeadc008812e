/** @file Address, where a block of lanes starts in memory and how it walks on. */
import { type Affine, rangeOf } from "../affine.ts";
import { type Nest, startIndex } from "../nest.ts";
import type { Slot } from "../slot.ts";

/** An affine index bound to the loops of a nest. */
export interface Address {
  readonly constant: number;
  readonly position: Int32Array;
  /** Indices into `position` and their coefficients. */
  readonly axes: readonly number[];
  readonly coefficients: readonly number[];
  /** Uniform registers and their coefficients. */
  readonly terms: readonly Slot[];
  readonly termCoefficients: readonly number[];
  /** Strides and extents of the block axes, outer to inner; neighbours that continue each other are merged. */
  readonly strides: readonly number[];
  readonly extents: readonly number[];
  /** Current index along the block axes, while walking. */
  readonly digits: Int32Array;
  /** All indices are known to lie inside the binding. */
  readonly inside: boolean;
}

/** Index of the first lane; for several strides, of the element at block index 0. */
export function place(address: Address): number {
  const { position, axes, coefficients, terms, termCoefficients } = address;
  let at = address.constant;
  for (let i = 0; i < axes.length; i++) at += coefficients[i]! * position[axes[i]!]!;
  for (let i = 0; i < terms.length; i++) at += termCoefficients[i]! * terms[i]!.data[0]!;
  return at;
}

/** Whether the address never moves. */
export function isFixed(address: Address): boolean {
  return address.axes.length === 0 && address.terms.length === 0;
}

/**
 * Binds `form` to `nest`; `first` is the element where the binding starts, `length` its size. `uniform` gives the register of an
 * opaque term.
 */
export function bindAddress(
  form: Affine,
  nest: Nest,
  first: number,
  length: number,
  uniform: (id: number) => Slot,
): Address {
  const [strides, extents] = walkOf(form, nest);
  const steps = [...form.axes].filter(([axis]) => !nest.block.includes(axis));
  if (strides.length === 1 && strides[0] !== 0) steps.push([startIndex(nest), strides[0]!]);
  const range = rangeOf(form, nest.extents);
  const terms = [...form.terms];
  return {
    constant: form.constant + first,
    position: nest.position,
    axes: steps.map(([axis]) => axis),
    coefficients: steps.map(([, coefficient]) => coefficient),
    terms: terms.map(([id]) => uniform(id)),
    termCoefficients: terms.map(([, coefficient]) => coefficient),
    strides,
    extents,
    digits: new Int32Array(strides.length),
    inside: range !== null && range[0] >= 0 && range[1] < length,
  };
}

/** Block axes as (stride, extent) pairs, merged where stride = inner stride * inner extent. Never empty. */
function walkOf(form: Affine, nest: Nest): [number[], number[]] {
  const strides: number[] = [];
  const extents: number[] = [];
  for (const axis of nest.block.toReversed()) {
    const stride = form.axes.get(axis) ?? 0;
    const extent = nest.extents[axis]!;
    if (extent === 1) continue;
    if (strides.length > 0 && stride === strides[0]! * extents[0]!) extents[0]! *= extent;
    else {
      strides.unshift(stride);
      extents.unshift(extent);
    }
  }
  return strides.length > 0 ? [strides, extents] : [[0], [1]];
}

/** Sets `digits` to block index `start`; returns the offset of that element from the block's first. */
export function seek(address: Address, start: number): number {
  const { strides, extents, digits } = address;
  let offset = 0;
  let rest = start;
  for (let i = strides.length - 1; i >= 0; i--) {
    const extent = extents[i]!;
    const digit = i === 0 ? rest : rest % extent;
    rest = (rest - digit) / extent;
    digits[i] = digit;
    offset += digit * strides[i]!;
  }
  return offset;
}

/** Moves `digits` to the next run of the innermost axis; returns how far the offset of the run's start moves from the last one's. */
export function nextRun(address: Address): number {
  const { strides, extents, digits } = address;
  const last = strides.length - 1;
  let moved = -digits[last]! * strides[last]!;
  digits[last] = 0;
  for (let i = last - 1; i >= 0; i--) {
    moved += strides[i]!;
    if (++digits[i]! < extents[i]! || i === 0) break;
    moved -= digits[i]! * strides[i]!;
    digits[i] = 0;
  }
  return moved;
}

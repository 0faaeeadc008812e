// What the kernels of attention share: their operands, and what becomes of the score and the probability of a pair of a query and a key.
// A pair is (batch, head, time, source). Param words: 0 time, 1 source, 2 heads, 3 key heads, 4 batch, 5 scale (bits of a float), 6 share of
// the probabilities that dropout keeps (bits), then strides along the axes of a pair: 7 of the bias, 11 of the mask, 15 of the factors.
// Words from 19 on are the kernel's own. q [batch, time, heads, DEPTH], k and v [batch, source, key heads, DEPTH or VALUE_DEPTH], random bits
// [batch, heads, time, source].

// @standalone
@group(0) @binding(0) var<storage, read> floats: array<f32>;
@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_data: array<f32>;
@group(0) @binding(3) var<uniform> params: array<vec4<u32>, 6>;
// @end

// @specialize
const CAUSAL = true;
// @specialize
const BIASED = true;
// @specialize
const MASKED = true;
// @specialize
const WEIGHTED = true;
// @specialize
const DROPPED = true;
// A query without any key has zeros instead of the mean of all values.
// @specialize
const EMPTY_ZERO = false;

// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load_q(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_k(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_v(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_bias(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_mask(i: i32) -> bool {
  return words[i] != 0u;
}

// @hook
fn load_factor(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_bits(i: i32) -> u32 {
  return words[i];
}

// The log-sum-exp of a query without any key: no score is as large.
const NO_KEY = 3e38f;

fn query4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_q(i), load_q(i + 1), load_q(i + 2), load_q(i + 3));
}

fn key4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_k(i), load_k(i + 1), load_k(i + 2), load_k(i + 3));
}

fn value4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_v(i), load_v(i + 1), load_v(i + 2), load_v(i + 3));
}

fn total4(x: vec4<f32>) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

// Rows of q, and of k and v, and of the log-sum-exp.
fn query_row(pair: vec4<i32>) -> i32 {
  return (pair.x * param(0) + pair.z) * param(2) + pair.y;
}

fn key_row(pair: vec4<i32>) -> i32 {
  return (pair.x * param(1) + pair.w) * param(3) + pair.y / (param(2) / param(3));
}

fn sum_row(pair: vec4<i32>) -> i32 {
  return (pair.x * param(2) + pair.y) * param(0) + pair.z;
}

fn place(pair: vec4<i32>, word: i32) -> i32 {
  return pair.x * param(word) + pair.y * param(word + 1) + pair.z * param(word + 2) + pair.w * param(word + 3);
}

fn is_allowed(pair: vec4<i32>) -> bool {
  if (CAUSAL && pair.w > pair.z) {
    return false;
  }
  if (MASKED) {
    return load_mask(place(pair, 11));
  }
  return true;
}

fn biased(score: f32, pair: vec4<i32>) -> f32 {
  if (BIASED) {
    return score + load_bias(place(pair, 7));
  }
  return score;
}

// Factor of the probability: that of the caller, and dropout's 0 or 1 / kept.
fn weight(pair: vec4<i32>) -> f32 {
  var factor = 1f;
  if (WEIGHTED) {
    factor = load_factor(place(pair, 15));
  }
  if (DROPPED) {
    let kept = bitcast<f32>(param(6));
    let unit = bitcast<f32>((load_bits(sum_row(pair) * param(1) + pair.w) >> 9u) | 0x3f800000u) - 1f;
    factor = select(0f, factor / kept, unit < kept);
  }
  return factor;
}

// Probability of each key where none counts.
fn empty_power() -> f32 {
  return select(1f / f32(param(1)), 0f, EMPTY_ZERO);
}

// @standalone
@compute @workgroup_size(1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let pair = vec4<i32>(0, 0, 0, i32(id.x));
  let row = query_row(pair) + key_row(pair) + sum_row(pair);
  let score = total4(query4(row)) + total4(key4(row)) + total4(value4(row));
  out_data[id.x] = select(empty_power(), biased(score, pair) * weight(pair), is_allowed(pair)) / NO_KEY;
}
// @end

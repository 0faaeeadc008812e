// Cotangent of the bias of attention, without stored scores: an invocation sums the cotangents of the scores that one element is added to.
// Operands and param words are those of attentionPairs and attentionQueries; words 19 ... 22 are the extents of the result along the axes
// of a pair, 1 where it is summed.

// @standalone
@group(0) @binding(0) var<storage, read> floats: array<f32>;
@group(0) @binding(1) var<storage, read_write> dbias_data: array<f32>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 6>;
const CAUSAL = true;
const MASKED = true;
const EMPTY_ZERO = false;
const NO_KEY = 3e38f;
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}
fn query4(i: i32) -> vec4<f32> {
  return vec4<f32>(floats[i]);
}
fn key4(i: i32) -> vec4<f32> {
  return vec4<f32>(floats[i]);
}
fn value4(i: i32) -> vec4<f32> {
  return vec4<f32>(floats[i]);
}
fn total4(x: vec4<f32>) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}
fn query_row(pair: vec4<i32>) -> i32 {
  return pair.z;
}
fn key_row(pair: vec4<i32>) -> i32 {
  return pair.w;
}
fn sum_row(pair: vec4<i32>) -> i32 {
  return pair.z;
}
fn is_allowed(pair: vec4<i32>) -> bool {
  return pair.w <= pair.z;
}
fn biased(score: f32, pair: vec4<i32>) -> f32 {
  return score + f32(pair.w);
}
fn weight(pair: vec4<i32>) -> f32 {
  return f32(pair.w);
}
fn empty_power() -> f32 {
  return 0f;
}
// @end

// Multiples of 4.
// @specialize
const DEPTH = 32;
// @specialize
const VALUE_DEPTH = 32;
// @specialize
const THREADS = 64;

// @hook
fn load_lse(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_delta(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn load_g(i: i32) -> f32 {
  return floats[i];
}

// @hook
fn store_dbias(i: i32, value: f32) {
  dbias_data[i] = value;
}

const WIDTH = DEPTH / 4;
const VALUE_WIDTH = VALUE_DEPTH / 4;

fn slope4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_g(i), load_g(i + 1), load_g(i + 2), load_g(i + 3));
}

// The cotangent of a score.
fn score_slope(pair: vec4<i32>) -> f32 {
  if (!is_allowed(pair)) {
    return 0f;
  }
  let query_at = query_row(pair);
  let key_at = key_row(pair);
  var score = vec4<f32>(0f);
  for (var c = 0; c < WIDTH; c++) {
    score = fma(query4(query_at * DEPTH + c * 4), key4(key_at * DEPTH + c * 4), score);
  }
  var product = vec4<f32>(0f);
  for (var c = 0; c < VALUE_WIDTH; c++) {
    product = fma(slope4(query_at * VALUE_DEPTH + c * 4), value4(key_at * VALUE_DEPTH + c * 4), product);
  }
  let row = sum_row(pair);
  let power = exp(biased(total4(score) * bitcast<f32>(param(5)), pair) - load_lse(row));
  return power * (total4(product) * weight(pair) - load_delta(row));
}

fn kernel(group: u32, lid: u32) {
  let extents = vec4<i32>(param(19), param(20), param(21), param(22));
  let i = i32(group) * THREADS + i32(lid);
  if (i >= extents.x * extents.y * extents.z * extents.w) {
    return;
  }
  let outer = i / extents.w;
  let first = vec4<i32>(
    outer / extents.z / extents.y, (outer / extents.z) % extents.y, outer % extents.z, i % extents.w,
  );
  let full = vec4<i32>(param(4), param(2), param(0), param(1));
  let end = select(first + vec4<i32>(1), full, extents == vec4<i32>(1));
  var sum = 0f;
  for (var batch = first.x; batch < end.x; batch++) {
    for (var head = first.y; head < end.y; head++) {
      for (var row = first.z; row < end.z; row++) {
        for (var key = first.w; key < end.w; key++) {
          sum += score_slope(vec4<i32>(batch, head, row, key));
        }
      }
    }
  }
  store_dbias(i, sum);
}

// @standalone
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3<u32>,
  @builtin(num_workgroups) nwg: vec3<u32>,
  @builtin(local_invocation_index) lid: u32,
) {
  kernel(wid.x + wid.y * nwg.x, lid);
}
// @end

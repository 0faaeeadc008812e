// Cotangent of the queries of attention, without stored scores: P = exp(score - log-sum-exp) is computed again, by an invocation that carries
// one query through all keys. Operands and param words are those of attentionPairs; word 19: workgroups per head. lse and delta (sum of g
// times output) are [batch, heads, time].

// @standalone
@group(0) @binding(0) var<storage, read> floats: array<f32>;
@group(0) @binding(1) var<storage, read_write> dq_data: array<f32>;
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
fn store_dq(i: i32, value: f32) {
  dq_data[i] = value;
}

const TILE = 16;
const WIDTH = DEPTH / 4;
const VALUE_WIDTH = VALUE_DEPTH / 4;

var<workgroup> keys: array<vec4<f32>, TILE * WIDTH>;
var<workgroup> values: array<vec4<f32>, TILE * VALUE_WIDTH>;

fn slope4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_g(i), load_g(i + 1), load_g(i + 2), load_g(i + 3));
}

// Keys from `start` on; those beyond the end are the last one again, and are not used.
fn load_tile(lid: i32, start: i32, batch: i32, head: i32) {
  let last = param(1) - 1;
  for (var i = lid; i < TILE * WIDTH; i += THREADS) {
    let row = key_row(vec4<i32>(batch, head, 0, min(start + i / WIDTH, last)));
    keys[i] = key4(row * DEPTH + (i % WIDTH) * 4);
  }
  for (var i = lid; i < TILE * VALUE_WIDTH; i += THREADS) {
    let row = key_row(vec4<i32>(batch, head, 0, min(start + i / VALUE_WIDTH, last)));
    values[i] = value4(row * VALUE_DEPTH + (i % VALUE_WIDTH) * 4);
  }
}

fn kernel(group: u32, lid: u32) {
  let blocks = param(19);
  let head = (i32(group) / blocks) % param(2);
  let batch = i32(group) / blocks / param(2);
  let first = (i32(group) % blocks) * THREADS;
  let row = first + i32(lid);
  var pair = vec4<i32>(batch, head, min(row, param(0) - 1), 0);
  let query_at = query_row(pair);
  let scale = bitcast<f32>(param(5));
  var query: array<vec4<f32>, WIDTH>;
  var found: array<vec4<f32>, WIDTH>;
  var slope: array<vec4<f32>, VALUE_WIDTH>;
  for (var c = 0; c < WIDTH; c++) {
    query[c] = query4(query_at * DEPTH + c * 4);
  }
  for (var c = 0; c < VALUE_WIDTH; c++) {
    slope[c] = slope4(query_at * VALUE_DEPTH + c * 4);
  }
  let lse = load_lse(sum_row(pair));
  let delta = load_delta(sum_row(pair));
  let end = select(param(1), min(param(1), first + THREADS), CAUSAL);
  for (var start = 0; start < end; start += TILE) {
    workgroupBarrier();
    load_tile(i32(lid), start, batch, head);
    workgroupBarrier();
    let count = min(TILE, select(end, min(end, row + 1), CAUSAL) - start);
    for (var j = 0; j < count; j++) {
      pair.w = start + j;
      if (!is_allowed(pair)) {
        continue;
      }
      var score = vec4<f32>(0f);
      for (var c = 0; c < WIDTH; c++) {
        score = fma(query[c], keys[j * WIDTH + c], score);
      }
      var product = vec4<f32>(0f);
      for (var c = 0; c < VALUE_WIDTH; c++) {
        product = fma(slope[c], values[j * VALUE_WIDTH + c], product);
      }
      let power = exp(biased(total4(score) * scale, pair) - lse);
      let part = vec4<f32>(power * (total4(product) * weight(pair) - delta));
      for (var c = 0; c < WIDTH; c++) {
        found[c] = fma(part, keys[j * WIDTH + c], found[c]);
      }
    }
  }
  if (row < param(0)) {
    for (var c = 0; c < WIDTH; c++) {
      let i = query_at * DEPTH + c * 4;
      let part = found[c] * scale;
      store_dq(i, part.x);
      store_dq(i + 1, part.y);
      store_dq(i + 2, part.z);
      store_dq(i + 3, part.w);
    }
  }
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

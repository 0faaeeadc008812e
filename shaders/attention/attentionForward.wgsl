// Scaled dot-product attention without stored scores: an invocation carries one query through all keys, which the workgroup reads in
// tiles; the softmax is kept up as it goes (largest score, sum, weighted values). Operands and param words are those of attentionPairs;
// word 19: workgroups per head. Output [batch, time, heads, VALUE_DEPTH], log-sum-exp of the scores [batch, heads, time].

// @standalone
@group(0) @binding(0) var<storage, read> floats: array<f32>;
@group(0) @binding(1) var<storage, read_write> o_data: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse_data: array<f32>;
@group(0) @binding(3) var<uniform> params: array<vec4<u32>, 6>;
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
fn store_o(i: i32, value: f32) {
  o_data[i] = value;
}

// @hook
fn store_lse(i: i32, value: f32) {
  lse_data[i] = value;
}

const TILE = 16;
const WIDTH = DEPTH / 4;
const VALUE_WIDTH = VALUE_DEPTH / 4;
// The lowest float.
const LOWEST = -0x1.fffffep+127f;

var<workgroup> keys: array<vec4<f32>, TILE * WIDTH>;
var<workgroup> values: array<vec4<f32>, TILE * VALUE_WIDTH>;

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
  for (var c = 0; c < WIDTH; c++) {
    query[c] = query4(query_at * DEPTH + c * 4) * scale;
  }
  var output: array<vec4<f32>, VALUE_WIDTH>;
  var largest = LOWEST;
  var total = 0f;
  var is_empty = MASKED;
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
      is_empty = false;
      var sum = vec4<f32>(0f);
      for (var c = 0; c < WIDTH; c++) {
        sum = fma(query[c], keys[j * WIDTH + c], sum);
      }
      let score = biased(total4(sum), pair);
      if (score > largest) {
        let shrink = exp(largest - score);
        total *= shrink;
        for (var c = 0; c < VALUE_WIDTH; c++) {
          output[c] *= shrink;
        }
        largest = score;
      }
      let power = exp(score - largest);
      total += power;
      let part = vec4<f32>(power * weight(pair));
      for (var c = 0; c < VALUE_WIDTH; c++) {
        output[c] = fma(part, values[j * VALUE_WIDTH + c], output[c]);
      }
    }
  }
  if (is_empty) {
    total = 1f;
    for (var key = 0; key < select(param(1), 0, EMPTY_ZERO); key++) {
      pair.w = key;
      let part = vec4<f32>(empty_power() * weight(pair));
      for (var c = 0; c < VALUE_WIDTH; c++) {
        output[c] = fma(part, value4(key_row(pair) * VALUE_DEPTH + c * 4), output[c]);
      }
    }
  }
  if (row < param(0)) {
    for (var c = 0; c < VALUE_WIDTH; c++) {
      let part = output[c] / total;
      let i = query_at * VALUE_DEPTH + c * 4;
      store_o(i, part.x);
      store_o(i + 1, part.y);
      store_o(i + 2, part.z);
      store_o(i + 3, part.w);
    }
    store_lse(sum_row(pair), select(largest + log(total), NO_KEY, is_empty));
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

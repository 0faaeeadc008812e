// Cotangents of the keys and values of attention, without stored scores: an invocation carries one key through all queries of its heads.
// Operands and param words are those of attentionPairs and attentionQueries; word 19: workgroups per key head.

// @standalone
@group(0) @binding(0) var<storage, read> floats: array<f32>;
@group(0) @binding(1) var<storage, read_write> dk_data: array<f32>;
@group(0) @binding(2) var<storage, read_write> dv_data: array<f32>;
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
fn store_dk(i: i32, value: f32) {
  dk_data[i] = value;
}

// @hook
fn store_dv(i: i32, value: f32) {
  dv_data[i] = value;
}

const TILE = 16;
const WIDTH = DEPTH / 4;
const VALUE_WIDTH = VALUE_DEPTH / 4;

var<workgroup> queries: array<vec4<f32>, TILE * WIDTH>;
var<workgroup> slopes: array<vec4<f32>, TILE * VALUE_WIDTH>;
// Log-sum-exp and delta of the queries.
var<workgroup> sums: array<vec2<f32>, TILE>;

fn slope4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_g(i), load_g(i + 1), load_g(i + 2), load_g(i + 3));
}

// Queries from `start` on; those beyond the end are the last one again, and are not used.
fn load_tile(lid: i32, start: i32, batch: i32, head: i32) {
  let last = param(0) - 1;
  for (var i = lid; i < TILE * WIDTH; i += THREADS) {
    let row = query_row(vec4<i32>(batch, head, min(start + i / WIDTH, last), 0));
    queries[i] = query4(row * DEPTH + (i % WIDTH) * 4);
  }
  for (var i = lid; i < TILE * VALUE_WIDTH; i += THREADS) {
    let row = query_row(vec4<i32>(batch, head, min(start + i / VALUE_WIDTH, last), 0));
    slopes[i] = slope4(row * VALUE_DEPTH + (i % VALUE_WIDTH) * 4);
  }
  for (var i = lid; i < TILE; i += THREADS) {
    let row = sum_row(vec4<i32>(batch, head, min(start + i, last), 0));
    sums[i] = vec2<f32>(load_lse(row), load_delta(row));
  }
}

fn kernel(group: u32, lid: u32) {
  let blocks = param(19);
  let share = param(2) / param(3);
  let head = ((i32(group) / blocks) % param(3)) * share;
  let batch = i32(group) / blocks / param(3);
  let first = (i32(group) % blocks) * THREADS;
  let row = first + i32(lid);
  var pair = vec4<i32>(batch, head, 0, min(row, param(1) - 1));
  let key_at = key_row(pair);
  let scale = bitcast<f32>(param(5));
  var key: array<vec4<f32>, WIDTH>;
  var value: array<vec4<f32>, VALUE_WIDTH>;
  var of_key: array<vec4<f32>, WIDTH>;
  var of_value: array<vec4<f32>, VALUE_WIDTH>;
  for (var c = 0; c < WIDTH; c++) {
    key[c] = key4(key_at * DEPTH + c * 4);
  }
  for (var c = 0; c < VALUE_WIDTH; c++) {
    value[c] = value4(key_at * VALUE_DEPTH + c * 4);
  }
  // A query without any key takes the mean of all values, also of those behind it.
  let skips = CAUSAL && (!MASKED || EMPTY_ZERO);
  for (var h = head; h < head + share; h++) {
    pair.y = h;
    for (var start = select(0, first - first % TILE, skips); start < param(0); start += TILE) {
      workgroupBarrier();
      load_tile(i32(lid), start, batch, h);
      workgroupBarrier();
      let count = min(TILE, param(0) - start);
      for (var j = select(0, max(0, row - start), skips); j < count; j++) {
        pair.z = start + j;
        var power = 0f;
        if (is_allowed(pair)) {
          var score = vec4<f32>(0f);
          for (var c = 0; c < WIDTH; c++) {
            score = fma(key[c], queries[j * WIDTH + c], score);
          }
          power = exp(biased(total4(score) * scale, pair) - sums[j].x);
          var product = vec4<f32>(0f);
          for (var c = 0; c < VALUE_WIDTH; c++) {
            product = fma(value[c], slopes[j * VALUE_WIDTH + c], product);
          }
          let part = vec4<f32>(power * (total4(product) * weight(pair) - sums[j].y));
          for (var c = 0; c < WIDTH; c++) {
            of_key[c] = fma(part, queries[j * WIDTH + c], of_key[c]);
          }
        } else if (MASKED && sums[j].x >= NO_KEY) {
          power = empty_power();
        } else {
          continue;
        }
        let part = vec4<f32>(power * weight(pair));
        for (var c = 0; c < VALUE_WIDTH; c++) {
          of_value[c] = fma(part, slopes[j * VALUE_WIDTH + c], of_value[c]);
        }
      }
    }
  }
  if (row < param(1)) {
    for (var c = 0; c < WIDTH; c++) {
      let i = key_at * DEPTH + c * 4;
      let part = of_key[c] * scale;
      store_dk(i, part.x);
      store_dk(i + 1, part.y);
      store_dk(i + 2, part.z);
      store_dk(i + 3, part.w);
    }
    for (var c = 0; c < VALUE_WIDTH; c++) {
      let i = key_at * VALUE_DEPTH + c * 4;
      store_dv(i, of_value[c].x);
      store_dv(i + 1, of_value[c].y);
      store_dv(i + 2, of_value[c].z);
      store_dv(i + 3, of_value[c].w);
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

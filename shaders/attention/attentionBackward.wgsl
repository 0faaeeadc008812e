// Gradients of scaled dot-product attention without stored scores: P = exp(score - log-sum-exp) is computed again. The first workgroups carry a
// query row each through all keys (dq), the others a key each through all queries of its heads (dk, dv). Param words: 0 time, 1 source,
// 2 heads, 3 key heads, 4 workgroups per query head, 5 scale (bits of a float), 6 workgroups of queries, 7 workgroups per key head.
// lse and delta (sum of g times output) are [batch, heads, time].

// @standalone
@group(0) @binding(0) var<storage, read> q_data: array<f32>;
@group(0) @binding(1) var<storage, read> k_data: array<f32>;
@group(0) @binding(2) var<storage, read> v_data: array<f32>;
@group(0) @binding(3) var<storage, read> lse_data: array<f32>;
@group(0) @binding(4) var<storage, read> delta_data: array<f32>;
@group(0) @binding(5) var<storage, read> g_data: array<f32>;
@group(0) @binding(6) var<storage, read_write> dq_data: array<f32>;
@group(0) @binding(7) var<storage, read_write> dkv_data: array<f32>;
@group(0) @binding(8) var<uniform> params: array<vec4<u32>, 2>;
// @end

// @specialize
const DEPTH = 32;
// @specialize
const VALUE_DEPTH = 32;
// @specialize
const CAUSAL = false;
// @specialize
const THREADS = 64;

// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load_q(i: i32) -> f32 {
  return q_data[i];
}

// @hook
fn load_k(i: i32) -> f32 {
  return k_data[i];
}

// @hook
fn load_v(i: i32) -> f32 {
  return v_data[i];
}

// @hook
fn load_lse(i: i32) -> f32 {
  return lse_data[i];
}

// @hook
fn load_delta(i: i32) -> f32 {
  return delta_data[i];
}

// @hook
fn load_g(i: i32) -> f32 {
  return g_data[i];
}

// @hook
fn store_dq(i: i32, value: f32) {
  dq_data[i] = value;
}

// @hook
fn store_dk(i: i32, value: f32) {
  dkv_data[i] = value;
}

// @hook
fn store_dv(i: i32, value: f32) {
  dkv_data[i] = value;
}

const TILE = 16;
const WIDTH = DEPTH / 4;
const VALUE_WIDTH = VALUE_DEPTH / 4;

// Keys and values, or queries and cotangents.
var<workgroup> narrow: array<vec4<f32>, TILE * WIDTH>;
var<workgroup> wide: array<vec4<f32>, TILE * VALUE_WIDTH>;
// Log-sum-exp and delta of the queries.
var<workgroup> rows: array<vec2<f32>, TILE>;

fn query4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_q(i), load_q(i + 1), load_q(i + 2), load_q(i + 3));
}

fn key4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_k(i), load_k(i + 1), load_k(i + 2), load_k(i + 3));
}

fn value4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_v(i), load_v(i + 1), load_v(i + 2), load_v(i + 3));
}

fn slope4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_g(i), load_g(i + 1), load_g(i + 2), load_g(i + 3));
}

fn load_keys(lid: i32, start: i32, batch: i32, head: i32) {
  let last = param(1) - 1;
  for (var i = lid; i < TILE * WIDTH; i += THREADS) {
    let row = (batch * param(1) + min(start + i / WIDTH, last)) * param(3) + head;
    narrow[i] = key4(row * DEPTH + (i % WIDTH) * 4);
  }
  for (var i = lid; i < TILE * VALUE_WIDTH; i += THREADS) {
    let row = (batch * param(1) + min(start + i / VALUE_WIDTH, last)) * param(3) + head;
    wide[i] = value4(row * VALUE_DEPTH + (i % VALUE_WIDTH) * 4);
  }
}

fn load_queries(lid: i32, start: i32, batch: i32, head: i32) {
  let last = param(0) - 1;
  for (var i = lid; i < TILE * WIDTH; i += THREADS) {
    let row = (batch * param(0) + min(start + i / WIDTH, last)) * param(2) + head;
    narrow[i] = query4(row * DEPTH + (i % WIDTH) * 4);
  }
  for (var i = lid; i < TILE * VALUE_WIDTH; i += THREADS) {
    let row = (batch * param(0) + min(start + i / VALUE_WIDTH, last)) * param(2) + head;
    wide[i] = slope4(row * VALUE_DEPTH + (i % VALUE_WIDTH) * 4);
  }
  for (var i = lid; i < TILE; i += THREADS) {
    let row = (batch * param(2) + head) * param(0) + min(start + i, last);
    rows[i] = vec2<f32>(load_lse(row), load_delta(row));
  }
}

fn total4(x: vec4<f32>) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

fn query_part(group: i32, lid: i32) {
  let blocks = param(4);
  let head = (group / blocks) % param(2);
  let batch = group / blocks / param(2);
  let first = (group % blocks) * THREADS;
  let row = first + lid;
  let safe = min(row, param(0) - 1);
  let place = (batch * param(0) + safe) * param(2) + head;
  let scale = bitcast<f32>(param(5));
  var query: array<vec4<f32>, WIDTH>;
  var found: array<vec4<f32>, WIDTH>;
  var slope: array<vec4<f32>, VALUE_WIDTH>;
  for (var c = 0; c < WIDTH; c++) { query[c] = query4(place * DEPTH + c * 4); }
  for (var c = 0; c < VALUE_WIDTH; c++) { slope[c] = slope4(place * VALUE_DEPTH + c * 4); }
  let lse = load_lse((batch * param(2) + head) * param(0) + safe);
  let delta = load_delta((batch * param(2) + head) * param(0) + safe);
  let end = select(param(1), min(param(1), first + THREADS), CAUSAL);
  for (var start = 0; start < end; start += TILE) {
    workgroupBarrier();
    load_keys(lid, start, batch, head / (param(2) / param(3)));
    workgroupBarrier();
    let count = min(TILE, select(end, min(end, row + 1), CAUSAL) - start);
    for (var j = 0; j < count; j++) {
      var score = vec4<f32>(0f);
      for (var c = 0; c < WIDTH; c++) { score = fma(query[c], narrow[j * WIDTH + c], score); }
      var product = vec4<f32>(0f);
      for (var c = 0; c < VALUE_WIDTH; c++) { product = fma(slope[c], wide[j * VALUE_WIDTH + c], product); }
      let power = exp(total4(score) * scale - lse);
      let part = vec4<f32>(power * (total4(product) - delta));
      for (var c = 0; c < WIDTH; c++) { found[c] = fma(part, narrow[j * WIDTH + c], found[c]); }
    }
  }
  if (row < param(0)) {
    for (var c = 0; c < WIDTH; c++) {
      let i = place * DEPTH + c * 4;
      let part = found[c] * scale;
      store_dq(i, part.x);
      store_dq(i + 1, part.y);
      store_dq(i + 2, part.z);
      store_dq(i + 3, part.w);
    }
  }
}

fn key_part(group: i32, lid: i32) {
  let blocks = param(7);
  let head = (group / blocks) % param(3);
  let batch = group / blocks / param(3);
  let first = (group % blocks) * THREADS;
  let row = first + lid;
  let place = (batch * param(1) + min(row, param(1) - 1)) * param(3) + head;
  let scale = bitcast<f32>(param(5));
  let share = param(2) / param(3);
  var key: array<vec4<f32>, WIDTH>;
  var value: array<vec4<f32>, VALUE_WIDTH>;
  var of_key: array<vec4<f32>, WIDTH>;
  var of_value: array<vec4<f32>, VALUE_WIDTH>;
  for (var c = 0; c < WIDTH; c++) { key[c] = key4(place * DEPTH + c * 4); }
  for (var c = 0; c < VALUE_WIDTH; c++) { value[c] = value4(place * VALUE_DEPTH + c * 4); }
  let begin = select(0, first - first % TILE, CAUSAL);
  for (var h = head * share; h < (head + 1) * share; h++) {
    for (var start = begin; start < param(0); start += TILE) {
      workgroupBarrier();
      load_queries(lid, start, batch, h);
      workgroupBarrier();
      let count = min(TILE, param(0) - start);
      for (var j = select(0, max(0, row - start), CAUSAL); j < count; j++) {
        var score = vec4<f32>(0f);
        for (var c = 0; c < WIDTH; c++) { score = fma(key[c], narrow[j * WIDTH + c], score); }
        var product = vec4<f32>(0f);
        for (var c = 0; c < VALUE_WIDTH; c++) { product = fma(value[c], wide[j * VALUE_WIDTH + c], product); }
        let power = exp(total4(score) * scale - rows[j].x);
        let part = vec4<f32>(power * (total4(product) - rows[j].y));
        for (var c = 0; c < VALUE_WIDTH; c++) { of_value[c] = fma(vec4<f32>(power), wide[j * VALUE_WIDTH + c], of_value[c]); }
        for (var c = 0; c < WIDTH; c++) { of_key[c] = fma(part, narrow[j * WIDTH + c], of_key[c]); }
      }
    }
  }
  if (row < param(1)) {
    for (var c = 0; c < WIDTH; c++) {
      let i = place * DEPTH + c * 4;
      let part = of_key[c] * scale;
      store_dk(i, part.x);
      store_dk(i + 1, part.y);
      store_dk(i + 2, part.z);
      store_dk(i + 3, part.w);
    }
    for (var c = 0; c < VALUE_WIDTH; c++) {
      let i = place * VALUE_DEPTH + c * 4;
      store_dv(i, of_value[c].x);
      store_dv(i + 1, of_value[c].y);
      store_dv(i + 2, of_value[c].z);
      store_dv(i + 3, of_value[c].w);
    }
  }
}

fn kernel(group: u32, lid: u32) {
  if (i32(group) < param(6)) {
    query_part(i32(group), i32(lid));
  } else {
    key_part(i32(group) - param(6), i32(lid));
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

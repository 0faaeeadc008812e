// Scaled dot-product attention without stored scores: an invocation carries one query row through all keys, which the workgroup reads in
// tiles; the softmax is kept up as it goes (largest score, sum, weighted values). Param words: 0 time, 1 source, 2 heads, 3 key heads,
// 4 workgroups per head, 5 scale (bits of a float). q [batch, time, heads, DEPTH], k and v [batch, source, key heads, DEPTH or VALUE_DEPTH],
// output [batch, time, heads, VALUE_DEPTH], log-sum-exp of the scores [batch, heads, time].

// @standalone
@group(0) @binding(0) var<storage, read> q_data: array<f32>;
@group(0) @binding(1) var<storage, read> k_data: array<f32>;
@group(0) @binding(2) var<storage, read> v_data: array<f32>;
@group(0) @binding(3) var<storage, read_write> o_data: array<f32>;
@group(0) @binding(4) var<storage, read_write> lse_data: array<f32>;
@group(0) @binding(5) var<uniform> params: array<vec4<u32>, 2>;
// @end

// Multiples of 4.
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
const LOWEST = -3.4e38f;

var<workgroup> keys: array<vec4<f32>, TILE * WIDTH>;
var<workgroup> values: array<vec4<f32>, TILE * VALUE_WIDTH>;

fn key4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_k(i), load_k(i + 1), load_k(i + 2), load_k(i + 3));
}

fn value4(i: i32) -> vec4<f32> {
  return vec4<f32>(load_v(i), load_v(i + 1), load_v(i + 2), load_v(i + 3));
}

// Keys start ... start + TILE of one head; those beyond the end are the last one again, and are not used.
fn load_tile(lid: i32, start: i32, batch: i32, head: i32) {
  let last = param(1) - 1;
  for (var i = lid; i < TILE * WIDTH; i += THREADS) {
    let row = (batch * param(1) + min(start + i / WIDTH, last)) * param(3) + head;
    keys[i] = key4(row * DEPTH + (i % WIDTH) * 4);
  }
  for (var i = lid; i < TILE * VALUE_WIDTH; i += THREADS) {
    let row = (batch * param(1) + min(start + i / VALUE_WIDTH, last)) * param(3) + head;
    values[i] = value4(row * VALUE_DEPTH + (i % VALUE_WIDTH) * 4);
  }
}

fn kernel(group: u32, lid: u32) {
  let blocks = param(4);
  let head = (i32(group) / blocks) % param(2);
  let batch = i32(group) / blocks / param(2);
  let first = (i32(group) % blocks) * THREADS;
  let row = first + i32(lid);
  let place = (batch * param(0) + min(row, param(0) - 1)) * param(2) + head;
  let scale = bitcast<f32>(param(5));
  var query: array<vec4<f32>, WIDTH>;
  for (var c = 0; c < WIDTH; c++) {
    let i = place * DEPTH + c * 4;
    query[c] = vec4<f32>(load_q(i), load_q(i + 1), load_q(i + 2), load_q(i + 3)) * scale;
  }
  var output: array<vec4<f32>, VALUE_WIDTH>;
  var largest = LOWEST;
  var total = 0f;
  let end = select(param(1), min(param(1), first + THREADS), CAUSAL);
  for (var start = 0; start < end; start += TILE) {
    workgroupBarrier();
    load_tile(i32(lid), start, batch, head / (param(2) / param(3)));
    workgroupBarrier();
    let count = min(TILE, select(end, min(end, row + 1), CAUSAL) - start);
    for (var j = 0; j < count; j++) {
      var sum = vec4<f32>(0f);
      for (var c = 0; c < WIDTH; c++) {
        sum = fma(query[c], keys[j * WIDTH + c], sum);
      }
      let score = (sum.x + sum.y) + (sum.z + sum.w);
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
      for (var c = 0; c < VALUE_WIDTH; c++) {
        output[c] = fma(vec4<f32>(power), values[j * VALUE_WIDTH + c], output[c]);
      }
    }
  }
  if (row < param(0)) {
    for (var c = 0; c < VALUE_WIDTH; c++) {
      let part = output[c] / total;
      let i = place * VALUE_DEPTH + c * 4;
      store_o(i, part.x);
      store_o(i + 1, part.y);
      store_o(i + 2, part.z);
      store_o(i + 3, part.w);
    }
    store_lse((batch * param(2) + head) * param(0) + row, largest + log(total));
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

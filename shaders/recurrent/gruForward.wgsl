// A GRU (reset after the product) over all steps of a sequence, a few rows of the batch per workgroup (behind recurrentForward.wgsl).
// x [batch, steps, 3 * UNITS] is the input's product, the gates' order z, r, h; bias [2, 3 * UNITS] is added to it and to the state's product.
// H [batch, steps + 1, UNITS] begins with the initial state; G [batch, steps, 5 * UNITS] holds z, r, the candidate, its recurrent part and
// the state before the step. Where the mask is false, the state stays.

// @standalone
const UNITS = 8;
const ROWS = 4;
const THREADS = 8;
const STRIDE = UNITS;

@group(0) @binding(0) var<storage, read> input_data: array<f32>;
@group(0) @binding(1) var<storage, read_write> output_data: array<f32>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

var<workgroup> hidden: array<f32, ROWS * STRIDE>;

struct Weights {
  a: mat4x4<f32>,
}

fn held_weights(lid: u32) -> Weights {
  return Weights();
}

fn multiply(lid: u32, weights: Weights) {
}

fn product(row: i32, column: i32) -> f32 {
  return 0.0;
}

fn sigmoid_f32(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-x));
}

fn tanh_f32(x: f32) -> f32 {
  return tanh(x);
}
// @end

// Batch and steps.
// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load_x(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_bias(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_h0(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_mask(i: i32) -> bool {
  return input_data[i] != 0.0;
}

// @hook
fn store_H(i: i32, value: f32) {
  output_data[i] = value;
}

// @hook
fn store_G(i: i32, value: f32) {
  output_data[i] = value;
}

// (row, unit) pairs of an invocation.
const ITEMS = (ROWS * UNITS + THREADS - 1) / THREADS;

struct Item {
  row: i32,
  unit: i32,
  // Row of the batch.
  batch: i32,
  exists: bool,
}

fn item_at(first: i32, lid: u32, n: i32) -> Item {
  let index = n * THREADS + i32(lid);
  let row = index / UNITS;
  let exists = i32(lid) < THREADS && row < ROWS && first + row < param(0);
  return Item(row, index % UNITS, first + row, exists);
}

fn begin(item: Item) {
  let h = load_h0(item.batch * UNITS + item.unit);
  hidden[item.row * STRIDE + item.unit] = h;
  store_H(item.batch * (param(1) + 1) * UNITS + item.unit, h);
}

// `step` numbers the steps of all rows of the batch; a row has one state more than steps.
fn preactivation(item: Item, step: i32) -> vec3<f32> {
  let place = step * (3 * UNITS) + item.unit;
  return vec3<f32>(
    load_x(place) + load_bias(item.unit),
    load_x(place + UNITS) + load_bias(item.unit + UNITS),
    load_x(place + 2 * UNITS) + load_bias(item.unit + 2 * UNITS),
  );
}

fn advance(item: Item, step: i32, x: vec3<f32>) {
  let before = hidden[item.row * STRIDE + item.unit];
  let z = sigmoid_f32(x.x + product(item.row, item.unit) + load_bias(3 * UNITS + item.unit));
  let r = sigmoid_f32(x.y + product(item.row, UNITS + item.unit) + load_bias(4 * UNITS + item.unit));
  let recurrent = product(item.row, 2 * UNITS + item.unit) + load_bias(5 * UNITS + item.unit);
  let candidate = tanh_f32(x.z + r * recurrent);
  let place = step * (5 * UNITS) + item.unit;
  store_G(place, z);
  store_G(place + UNITS, r);
  store_G(place + 2 * UNITS, candidate);
  store_G(place + 3 * UNITS, recurrent);
  store_G(place + 4 * UNITS, before);
  var h = z * before + (1.0 - z) * candidate;
  if (!load_mask(step)) { h = before; }
  hidden[item.row * STRIDE + item.unit] = h;
  store_H((step + item.batch + 1) * UNITS + item.unit, h);
}

fn kernel(group: u32, lid: u32) {
  let first = i32(group) * ROWS;
  if (first >= param(0)) { return; }
  for (var n = 0; n < ITEMS; n++) {
    let item = item_at(first, lid, n);
    if (item.exists) { begin(item); }
  }
  workgroupBarrier();
  let only = item_at(first, lid, 0);
  let weights = held_weights(lid);
  let steps = param(1);
  for (var t = 0; t < steps; t++) {
    var early = vec3<f32>();
    if (ITEMS == 1 && only.exists) { early = preactivation(only, only.batch * steps + t); }
    multiply(lid, weights);
    workgroupBarrier();
    if (ITEMS == 1) {
      if (only.exists) { advance(only, only.batch * steps + t, early); }
    } else {
      for (var n = 0; n < ITEMS; n++) {
        let item = item_at(first, lid, n);
        if (item.exists) {
          let step = item.batch * steps + t;
          advance(item, step, preactivation(item, step));
        }
      }
    }
    workgroupBarrier();
  }
}

// @standalone
@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) wid: vec3<u32>,
  @builtin(num_workgroups) nwg: vec3<u32>,
  @builtin(local_invocation_index) lid: u32,
) {
  kernel(wid.x + wid.y * nwg.x, lid);
}
// @end

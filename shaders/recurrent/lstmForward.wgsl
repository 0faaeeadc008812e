// An LSTM over all steps of a sequence, a few rows of the batch per workgroup (behind recurrentForward.wgsl). z [batch, steps, 4 * UNITS] is
// x Wx + b, the gates' order i, f, c, o. H [batch, steps + 1, UNITS] begins with the initial state, cell [batch, UNITS] is the last one;
// G [batch, steps, 5 * UNITS] holds the gates' values and the cell before the step. Where the mask is false, states stay.

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
fn load_z(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_h0(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_c0(i: i32) -> f32 {
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
fn store_cell(i: i32, value: f32) {
  output_data[i] = value;
}

// @hook
fn read_cell(i: i32) -> f32 {
  return output_data[i];
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

fn begin(item: Item) -> f32 {
  let place = item.batch * UNITS + item.unit;
  let h = load_h0(place);
  let c = load_c0(place);
  hidden[item.row * STRIDE + item.unit] = h;
  let first = item.batch * (param(1) + 1) * UNITS + item.unit;
  store_H(first, h);
  if (ITEMS > 1) { store_cell(place, c); }
  return c;
}

// `step` numbers the steps of all rows of the batch; a row has one state more than steps.
fn preactivation(item: Item, step: i32) -> vec4<f32> {
  let place = step * (4 * UNITS) + item.unit;
  return vec4<f32>(
    load_z(place),
    load_z(place + UNITS),
    load_z(place + 2 * UNITS),
    load_z(place + 3 * UNITS),
  );
}

// One step of a unit: `z` without the recurrent part, the cell's value before; returns that after.
fn advance(item: Item, step: i32, z: vec4<f32>, before: f32) -> f32 {
  let i = sigmoid_f32(z.x + product(item.row, item.unit));
  let f = sigmoid_f32(z.y + product(item.row, UNITS + item.unit));
  let g = tanh_f32(z.z + product(item.row, 2 * UNITS + item.unit));
  let o = sigmoid_f32(z.w + product(item.row, 3 * UNITS + item.unit));
  let place = step * (5 * UNITS) + item.unit;
  store_G(place, i);
  store_G(place + UNITS, f);
  store_G(place + 2 * UNITS, g);
  store_G(place + 3 * UNITS, o);
  store_G(place + 4 * UNITS, before);
  var c = f * before + i * g;
  var h = o * tanh_f32(c);
  if (!load_mask(step)) {
    c = before;
    h = hidden[item.row * STRIDE + item.unit];
  }
  hidden[item.row * STRIDE + item.unit] = h;
  store_H((step + item.batch + 1) * UNITS + item.unit, h);
  return c;
}

fn kernel(group: u32, lid: u32) {
  let first = i32(group) * ROWS;
  if (first >= param(0)) { return; }
  // With one item the cell stays in a register; else it lies where the last one is to be.
  var cell = 0.0;
  for (var n = 0; n < ITEMS; n++) {
    let item = item_at(first, lid, n);
    if (item.exists) { cell = begin(item); }
  }
  workgroupBarrier();
  let only = item_at(first, lid, 0);
  let weights = held_weights(lid);
  let steps = param(1);
  for (var t = 0; t < steps; t++) {
    var early = vec4<f32>();
    if (ITEMS == 1 && only.exists) { early = preactivation(only, only.batch * steps + t); }
    multiply(lid, weights);
    workgroupBarrier();
    if (ITEMS == 1) {
      if (only.exists) { cell = advance(only, only.batch * steps + t, early, cell); }
    } else {
      for (var n = 0; n < ITEMS; n++) {
        let item = item_at(first, lid, n);
        if (item.exists) {
          let step = item.batch * steps + t;
          let place = item.batch * UNITS + item.unit;
          store_cell(place, advance(item, step, preactivation(item, step), read_cell(place)));
        }
      }
    }
    workgroupBarrier();
  }
  if (ITEMS == 1 && only.exists) { store_cell(only.batch * UNITS + only.unit, cell); }
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

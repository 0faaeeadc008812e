// The gradient of lstmForward.wgsl (behind recurrentBackward.wgsl), from the last step to the first: dH [batch, steps + 1, UNITS] and dCell
// [batch, UNITS] are the cotangents of H and of the last cell; dZ [batch, steps, 4 * UNITS] and dS [batch, 2, UNITS] those of z and of the
// initial states h0, c0.

// @standalone
const UNITS = 8;
const ROWS = 4;
const THREADS = 8;
const STRIDE = UNITS;

@group(0) @binding(0) var<storage, read> input_data: array<f32>;
@group(0) @binding(1) var<storage, read_write> output_data: array<f32>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

var<workgroup> slopes: array<f32, ROWS * STRIDE>;

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
fn load_G(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_dH(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_dCell(i: i32) -> f32 {
  return input_data[i];
}

// @hook
fn load_mask(i: i32) -> bool {
  return input_data[i] != 0.0;
}

// @hook
fn store_dZ(i: i32, value: f32) {
  output_data[i] = value;
}

// @hook
fn store_dS(i: i32, value: f32) {
  output_data[i] = value;
}

// @hook
fn read_dS(i: i32) -> f32 {
  return output_data[i];
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

// What the steps after this one ask of a unit: of h past the recurrent product (masked steps pass it on), and of c.
struct Carry {
  h: f32,
  c: f32,
}

fn carry_place(item: Item) -> i32 {
  return item.batch * (2 * UNITS) + item.unit;
}

fn read_carry(item: Item) -> Carry {
  return Carry(read_dS(carry_place(item)), read_dS(carry_place(item) + UNITS));
}

fn last_carry(item: Item) -> Carry {
  return Carry(0.0, load_dCell(item.batch * UNITS + item.unit));
}

fn store_carry(item: Item, carry: Carry) {
  store_dS(carry_place(item), carry.h);
  store_dS(carry_place(item) + UNITS, carry.c);
}

// `step` numbers the steps of all rows of the batch; a row has one state more than steps.
fn store_slopes(item: Item, step: i32, slope: vec4<f32>) {
  let place = step * (4 * UNITS) + item.unit;
  let to = item.row * STRIDE + item.unit;
  store_dZ(place, slope.x);
  store_dZ(place + UNITS, slope.y);
  store_dZ(place + 2 * UNITS, slope.z);
  store_dZ(place + 3 * UNITS, slope.w);
  slopes[to] = slope.x;
  slopes[to + UNITS] = slope.y;
  slopes[to + 2 * UNITS] = slope.z;
  slopes[to + 3 * UNITS] = slope.w;
}

// One step of a unit, `dh` and `dc` being the cotangents of its states after the step.
fn retreat(item: Item, step: i32, dh: f32, dc: f32) -> Carry {
  if (!load_mask(step)) {
    store_slopes(item, step, vec4<f32>());
    return Carry(dh, dc);
  }
  let place = step * (5 * UNITS) + item.unit;
  let i = load_G(place);
  let f = load_G(place + UNITS);
  let g = load_G(place + 2 * UNITS);
  let o = load_G(place + 3 * UNITS);
  let before = load_G(place + 4 * UNITS);
  let c = tanh_f32(f * before + i * g);
  let slope = dc + dh * o * (1.0 - c * c);
  store_slopes(item, step, vec4<f32>(
    slope * g * i * (1.0 - i),
    slope * before * f * (1.0 - f),
    slope * i * (1.0 - g * g),
    dh * c * o * (1.0 - o),
  ));
  return Carry(0.0, slope * f);
}

fn kernel(group: u32, lid: u32) {
  let first = i32(group) * ROWS;
  if (first >= param(0)) { return; }
  let steps = param(1);
  let weights = held_weights(lid);
  // With one item the carry stays in registers; else it lies in dS.
  var held = Carry();
  for (var t = steps; t >= 0; t--) {
    for (var n = 0; n < ITEMS; n++) {
      let item = item_at(first, lid, n);
      if (item.exists) {
        var carry = held;
        if (ITEMS > 1 && t < steps) { carry = read_carry(item); }
        if (t == steps) { carry = last_carry(item); }
        let step = item.batch * steps + t;
        if (t < steps) { carry.h += product(item.row, item.unit); }
        carry.h += load_dH((step + item.batch) * UNITS + item.unit);
        if (t > 0) { carry = retreat(item, step - 1, carry.h, carry.c); }
        if (ITEMS == 1) { held = carry; }
        if (ITEMS > 1 || t == 0) { store_carry(item, carry); }
      }
    }
    workgroupBarrier();
    if (t > 0) { multiply(lid, weights); }
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

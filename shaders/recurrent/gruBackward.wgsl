// The gradient of gruForward.wgsl (behind recurrentBackward.wgsl), from the last step to the first: dH [batch, steps + 1, UNITS] is the
// cotangent of H; dG [batch, steps, 6 * UNITS] are the slopes of z, r, h with respect to the input's product, then to the state's; dS
// [batch, UNITS] is the cotangent of the initial state.

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
fn load_mask(i: i32) -> bool {
  return input_data[i] != 0.0;
}

// @hook
fn store_dG(i: i32, value: f32) {
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

// `dx` of z, r, h, and `dr` of what the state's product gives the candidate.
fn store_slopes(item: Item, step: i32, dx: vec3<f32>, dr: f32) {
  let place = step * (6 * UNITS) + item.unit;
  let to = item.row * STRIDE + item.unit;
  store_dG(place, dx.x);
  store_dG(place + UNITS, dx.y);
  store_dG(place + 2 * UNITS, dx.z);
  store_dG(place + 3 * UNITS, dx.x);
  store_dG(place + 4 * UNITS, dx.y);
  store_dG(place + 5 * UNITS, dr);
  slopes[to] = dx.x;
  slopes[to + UNITS] = dx.y;
  slopes[to + 2 * UNITS] = dr;
}

// `step` numbers the steps of all rows of the batch; a row has one state more than steps.
// One step of a unit, `dh` being the cotangent of its state after the step; returns what goes past the recurrent product.
fn retreat(item: Item, step: i32, dh: f32) -> f32 {
  if (!load_mask(step)) {
    store_slopes(item, step, vec3<f32>(), 0.0);
    return dh;
  }
  let place = step * (5 * UNITS) + item.unit;
  let z = load_G(place);
  let r = load_G(place + UNITS);
  let candidate = load_G(place + 2 * UNITS);
  let recurrent = load_G(place + 3 * UNITS);
  let before = load_G(place + 4 * UNITS);
  let slope = dh * (1.0 - z) * (1.0 - candidate * candidate);
  let dx = vec3<f32>(
    dh * (before - candidate) * z * (1.0 - z),
    slope * recurrent * r * (1.0 - r),
    slope,
  );
  store_slopes(item, step, dx, slope * r);
  return dh * z;
}

fn kernel(group: u32, lid: u32) {
  let first = i32(group) * ROWS;
  if (first >= param(0)) { return; }
  let steps = param(1);
  let weights = held_weights(lid);
  // With one item the carry stays in a register; else it lies in dS.
  var held = 0.0;
  for (var t = steps; t >= 0; t--) {
    for (var n = 0; n < ITEMS; n++) {
      let item = item_at(first, lid, n);
      if (item.exists) {
        let step = item.batch * steps + t;
        let place = item.batch * UNITS + item.unit;
        var carry = held;
        if (ITEMS > 1 && t < steps) { carry = read_dS(place); }
        if (t < steps) { carry += product(item.row, item.unit); }
        carry += load_dH((step + item.batch) * UNITS + item.unit);
        if (t > 0) { carry = retreat(item, step - 1, carry); }
        if (ITEMS == 1) { held = carry; }
        if (ITEMS > 1 || t == 0) { store_dS(place, carry); }
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

// One step of an LSTM for a whole batch: z [batch, 4 * units] is the input's part, gates i, f, c, o; h and c [batch, units] the states, wh
// [units, 4 * units]. hAfter and cAfter are the new states, G [batch, 4 * units] the gates' values. Where the mask is false, states stay.
// An invocation adds up, over a slice of the units, four units' gates for four rows. Slices are joined through workgroup memory.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn sigmoid_f32x4(x: vec4<f32>) -> vec4<f32> {
  return 1.0 / (1.0 + exp(-x));
}

fn tanh_f32x4(x: vec4<f32>) -> vec4<f32> {
  return tanh(x);
}
// @end

// A workgroup has 4 * UNIT_GROUPS units of 4 * ROW_GROUPS rows.
// @specialize
const UNIT_GROUPS = 4;
// @specialize
const ROW_GROUPS = 2;
// @specialize
const SLICES = 8;

const TILE = UNIT_GROUPS * ROW_GROUPS;
const THREADS = TILE * SLICES;

// By slice, gate and row of the tile.
var<workgroup> partials: array<vec4<f32>, select(SLICES * TILE * 16, 1, SLICES == 1)>;

// Batch and units.
// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load4_z(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_h(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_c(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_wh(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load_mask(i: i32) -> bool {
  return input_data[i >> 2u].x != 0.0;
}

// @hook
fn store4_hAfter(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// @hook
fn store4_cAfter(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// @hook
fn store4_G(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// A column per row.
struct Sums {
  i: mat4x4<f32>,
  f: mat4x4<f32>,
  g: mat4x4<f32>,
  o: mat4x4<f32>,
}

fn hidden_block(row: i32, k: i32) -> mat4x4<f32> {
  let units = param(1);
  let rows = min(vec4<i32>(row) + vec4<i32>(0, 1, 2, 3), vec4<i32>(param(0) - 1)) * units + k;
  return mat4x4<f32>(load4_h(rows.x), load4_h(rows.y), load4_h(rows.z), load4_h(rows.w));
}

// Weights of four units' gate (at column `column`) from four units.
fn weight_block(k: i32, column: i32) -> mat4x4<f32> {
  let width = 4 * param(1);
  let at = k * width + column;
  return mat4x4<f32>(
    load4_wh(at),
    load4_wh(at + width),
    load4_wh(at + 2 * width),
    load4_wh(at + 3 * width),
  );
}

fn sum_up(row: i32, unit: i32, slice: i32) -> Sums {
  let units = param(1);
  let depth = (units / 4 + SLICES - 1) / SLICES * 4;
  let end = min(slice * depth + depth, units);
  var sums = Sums();
  for (var k = slice * depth; k < end; k += 4) {
    let hidden = hidden_block(row, k);
    sums.i += weight_block(k, unit) * hidden;
    sums.f += weight_block(k, units + unit) * hidden;
    sums.g += weight_block(k, 2 * units + unit) * hidden;
    sums.o += weight_block(k, 3 * units + unit) * hidden;
  }
  return sums;
}

fn finish(row: i32, unit: i32, i_sum: vec4<f32>, f_sum: vec4<f32>, g_sum: vec4<f32>, o_sum: vec4<f32>) {
  let units = param(1);
  if (row >= param(0) || unit >= units) { return; }
  let place = row * units + unit;
  let gates = row * 4 * units + unit;
  let i = sigmoid_f32x4(load4_z(gates) + i_sum);
  let f = sigmoid_f32x4(load4_z(gates + units) + f_sum);
  let g = tanh_f32x4(load4_z(gates + 2 * units) + g_sum);
  let o = sigmoid_f32x4(load4_z(gates + 3 * units) + o_sum);
  store4_G(gates, i);
  store4_G(gates + units, f);
  store4_G(gates + 2 * units, g);
  store4_G(gates + 3 * units, o);
  let before = load4_c(place);
  let c = f * before + i * g;
  let h = o * tanh_f32x4(c);
  let counts = load_mask(row);
  store4_cAfter(place, select(before, c, counts));
  store4_hAfter(place, select(load4_h(place), h, counts));
}

fn store_partials(slot: i32, sums: mat4x4<f32>) {
  partials[slot] = sums[0];
  partials[slot + TILE] = sums[1];
  partials[slot + 2 * TILE] = sums[2];
  partials[slot + 3 * TILE] = sums[3];
}

// Slices of one gate and row of the tile.
fn joined(slot: i32) -> vec4<f32> {
  var sum = vec4<f32>();
  for (var slice = 0; slice < SLICES; slice++) { sum += partials[slice * TILE * 16 + slot]; }
  return sum;
}

fn kernel(group: u32, lid: u32) {
  let tiles = (param(1) + 4 * UNIT_GROUPS - 1) / (4 * UNIT_GROUPS);
  let first_unit = i32(group) % tiles * (4 * UNIT_GROUPS);
  let first_row = i32(group) / tiles * (4 * ROW_GROUPS);
  let part = i32(lid) % TILE;
  let slice = i32(lid) / TILE;
  let unit = first_unit + part % UNIT_GROUPS * 4;
  let row = first_row + part / UNIT_GROUPS * 4;
  if (SLICES == 1) {
    if (unit < param(1) && i32(lid) < THREADS) {
      let sums = sum_up(row, unit, 0);
      finish(row, unit, sums.i[0], sums.f[0], sums.g[0], sums.o[0]);
      finish(row + 1, unit, sums.i[1], sums.f[1], sums.g[1], sums.o[1]);
      finish(row + 2, unit, sums.i[2], sums.f[2], sums.g[2], sums.o[2]);
      finish(row + 3, unit, sums.i[3], sums.f[3], sums.g[3], sums.o[3]);
    }
  } else {
    if (i32(lid) < THREADS) {
      let sums = sum_up(row, min(unit, param(1) - 4), slice);
      let slot = slice * TILE * 16 + part;
      store_partials(slot, sums.i);
      store_partials(slot + 4 * TILE, sums.f);
      store_partials(slot + 8 * TILE, sums.g);
      store_partials(slot + 12 * TILE, sums.o);
    }
    workgroupBarrier();
    for (var item = i32(lid); item < 4 * TILE; item += THREADS) {
      let place = item % TILE;
      finish(
        first_row + place / UNIT_GROUPS * 4 + item / TILE,
        first_unit + place % UNIT_GROUPS * 4,
        joined(item),
        joined(item + 4 * TILE),
        joined(item + 8 * TILE),
        joined(item + 12 * TILE),
      );
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

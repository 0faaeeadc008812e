// One step of a recurrent layer for a whole batch: the product of the states h [batch, units] with the recurrent weights wh
// [units, GATES * units], and `finish`, which a kernel of this kind brings along, for what the gates make of it. An invocation adds up, over
// a slice of the units, all gates of four units for four rows. Slices are joined through workgroup memory.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn finish(row: i32, unit: i32, sums: mat4x4<f32>) {
  output_data[row * param(1) + unit] = sums[0];
}
// @end

// @specialize
const GATES = 4;
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
var<workgroup> partials: array<vec4<f32>, select(SLICES * GATES * 4 * TILE, 1, SLICES == 1)>;

// Batch and units.
// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load4_h(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_wh(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// Up to four gates: a column per row.
struct Sums {
  a: mat4x4<f32>,
  b: mat4x4<f32>,
  c: mat4x4<f32>,
  d: mat4x4<f32>,
}

fn hidden_block(row: i32, k: i32) -> mat4x4<f32> {
  let rows = min(vec4<i32>(row) + vec4<i32>(0, 1, 2, 3), vec4<i32>(param(0) - 1)) * param(1) + k;
  return mat4x4<f32>(load4_h(rows.x), load4_h(rows.y), load4_h(rows.z), load4_h(rows.w));
}

// Weights of four units' gate (at column `column`) from four units.
fn weight_block(k: i32, column: i32) -> mat4x4<f32> {
  let width = GATES * param(1);
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
    sums.a += weight_block(k, unit) * hidden;
    if (GATES > 1) { sums.b += weight_block(k, units + unit) * hidden; }
    if (GATES > 2) { sums.c += weight_block(k, 2 * units + unit) * hidden; }
    if (GATES > 3) { sums.d += weight_block(k, 3 * units + unit) * hidden; }
  }
  return sums;
}

fn finish_inside(row: i32, unit: i32, sums: mat4x4<f32>) {
  if (row < param(0) && unit < param(1)) { finish(row, unit, sums); }
}

// A gate's four rows.
fn store_partials(slot: i32, sums: mat4x4<f32>) {
  partials[slot] = sums[0];
  partials[slot + TILE] = sums[1];
  partials[slot + 2 * TILE] = sums[2];
  partials[slot + 3 * TILE] = sums[3];
}

// Slices of one row and gate.
fn joined(item: i32, gate: i32) -> vec4<f32> {
  var sum = vec4<f32>();
  if (gate < GATES) {
    for (var slice = 0; slice < SLICES; slice++) { sum += partials[(slice * GATES + gate) * 4 * TILE + item]; }
  }
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
      var rows = array<mat4x4<f32>, 4>(
        mat4x4<f32>(sums.a[0], sums.b[0], sums.c[0], sums.d[0]),
        mat4x4<f32>(sums.a[1], sums.b[1], sums.c[1], sums.d[1]),
        mat4x4<f32>(sums.a[2], sums.b[2], sums.c[2], sums.d[2]),
        mat4x4<f32>(sums.a[3], sums.b[3], sums.c[3], sums.d[3]),
      );
      for (var i = 0; i < 4; i++) { finish_inside(row + i, unit, rows[i]); }
    }
  } else {
    if (i32(lid) < THREADS) {
      let sums = sum_up(row, min(unit, param(1) - 4), slice);
      let slot = slice * GATES * 4 * TILE + part;
      store_partials(slot, sums.a);
      if (GATES > 1) { store_partials(slot + 4 * TILE, sums.b); }
      if (GATES > 2) { store_partials(slot + 8 * TILE, sums.c); }
      if (GATES > 3) { store_partials(slot + 12 * TILE, sums.d); }
    }
    workgroupBarrier();
    for (var item = i32(lid); item < 4 * TILE; item += THREADS) {
      let place = item % TILE;
      finish_inside(
        first_row + place / UNIT_GROUPS * 4 + item / TILE,
        first_unit + place % UNIT_GROUPS * 4,
        mat4x4<f32>(joined(item, 0), joined(item, 1), joined(item, 2), joined(item, 3)),
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

// The gradient of one step of a recurrent layer for a whole batch: what the step after it asks of the states, which is the product of that
// step's slopes (`next` [batch, WIDTH * units], of which the last GATES * units belong to it) with the transposed recurrent weights wh
// [units, GATES * units], and `finish`, which a kernel of this kind brings along, for the slopes of this step. An invocation adds up four units
// for four rows, over every SLICES-th block of four slopes; slices are joined through workgroup memory. With one slice it adds up eight units
// for eight rows.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn finish(row: i32, unit: i32, back: vec4<f32>) {
  output_data[row * param(1) + unit] = back;
}
// @end

// @specialize
const GATES = 4;
// @specialize
const WIDTH = 4;
// A workgroup has EACH * UNIT_GROUPS units of EACH * ROW_GROUPS rows.
// @specialize
const UNIT_GROUPS = 2;
// @specialize
const ROW_GROUPS = 2;
// @specialize
const SLICES = 16;

const EACH = select(4, 8, SLICES == 1);
const TILE = UNIT_GROUPS * ROW_GROUPS;
const THREADS = TILE * SLICES;

// By row of the tile and slice.
var<workgroup> partials: array<vec4<f32>, select(4 * TILE * SLICES, 1, SLICES == 1)>;

// Batch and units.
// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load4_next(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_wh(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// Four slopes of four rows.
fn slope_block(row: i32, column: i32) -> mat4x4<f32> {
  let rows = min(vec4<i32>(row) + vec4<i32>(0, 1, 2, 3), vec4<i32>(param(0) - 1));
  let places = (rows * WIDTH + (WIDTH - GATES)) * param(1) + column;
  return mat4x4<f32>(load4_next(places.x), load4_next(places.y), load4_next(places.z), load4_next(places.w));
}

// Their weights from four units; the last one stands for those that are not there.
fn weight_block(unit: i32, column: i32) -> mat4x4<f32> {
  let width = GATES * param(1);
  let at = min(unit, param(1) - 4) * width + column;
  return mat4x4<f32>(
    load4_wh(at),
    load4_wh(at + width),
    load4_wh(at + 2 * width),
    load4_wh(at + 3 * width),
  );
}

// Eight units for eight rows; `b` and `d` have the later rows, `c` and `d` the later units.
struct WideSums {
  a: mat4x4<f32>,
  b: mat4x4<f32>,
  c: mat4x4<f32>,
  d: mat4x4<f32>,
}

fn sum_up_wide(row: i32, unit: i32) -> WideSums {
  var sums = WideSums();
  for (var column = 0; column < GATES * param(1); column += 4) {
    let slopes = slope_block(row, column);
    let later = slope_block(row + 4, column);
    let weights = transpose(weight_block(unit, column));
    sums.a += weights * slopes;
    sums.b += weights * later;
    let others = transpose(weight_block(unit + 4, column));
    sums.c += others * slopes;
    sums.d += others * later;
  }
  return sums;
}

// A column per row.
fn sum_up(row: i32, unit: i32, slice: i32) -> mat4x4<f32> {
  var sums = mat4x4<f32>();
  for (var column = 4 * slice; column < GATES * param(1); column += 4 * SLICES) {
    sums += transpose(weight_block(unit, column)) * slope_block(row, column);
  }
  return sums;
}

fn finish_inside(row: i32, unit: i32, back: vec4<f32>) {
  if (row < param(0) && unit < param(1)) { finish(row, unit, back); }
}

fn kernel(group: u32, lid: u32) {
  let tiles = (param(1) + EACH * UNIT_GROUPS - 1) / (EACH * UNIT_GROUPS);
  let first_unit = i32(group) % tiles * (EACH * UNIT_GROUPS);
  let first_row = i32(group) / tiles * (EACH * ROW_GROUPS);
  // Slices run fastest: their weights lie side by side.
  let slice = i32(lid) % SLICES;
  let part = i32(lid) / SLICES;
  let unit = first_unit + part % UNIT_GROUPS * EACH;
  let row = first_row + part / UNIT_GROUPS * EACH;
  if (SLICES == 1) {
    if (unit < param(1) && i32(lid) < THREADS) {
      let sums = sum_up_wide(row, unit);
      var backs = array<mat4x4<f32>, 4>(sums.a, sums.b, sums.c, sums.d);
      for (var i = 0; i < 16; i++) { finish_inside(row + i % 8, unit + i / 8 * 4, backs[i / 4][i % 4]); }
    }
  } else {
    if (i32(lid) < THREADS) {
      let sums = sum_up(row, unit, slice);
      let slot = part * 4 * SLICES + slice;
      partials[slot] = sums[0];
      partials[slot + SLICES] = sums[1];
      partials[slot + 2 * SLICES] = sums[2];
      partials[slot + 3 * SLICES] = sums[3];
    }
    workgroupBarrier();
    for (var item = i32(lid); item < 4 * TILE; item += THREADS) {
      let place = item / 4;
      var back = vec4<f32>();
      for (var i = 0; i < SLICES; i++) { back += partials[item * SLICES + i]; }
      finish_inside(
        first_row + place / UNIT_GROUPS * 4 + item % 4,
        first_unit + place % UNIT_GROUPS * 4,
        back,
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

// The product of the gates' gradients with the transposed recurrent weights [UNITS, GATES * UNITS], for kernels that carry a few rows of a
// batch backwards through all time steps in one workgroup: invocation (slice, group) multiplies a slice of the gradients with the weights of
// four units. What it adds up for every row lies in `partials` afterwards, behind a barrier that the caller sets.

// @specialize
const UNITS = 8;
// @specialize
const GATES = 4;
// Rows of the batch: 1, 2, 4 or 8.
// @specialize
const ROWS = 4;
// @specialize
const SLICES = 4;
// The weights of an invocation stay in registers for the whole sequence: at most 16 vectors, one row.
// @specialize
const REGISTERS = false;
// At least SLICES * ceil(UNITS / 4).
// @specialize
const THREADS = 8;

// @standalone
@group(0) @binding(0) var<storage, read> wh_data: array<vec4<f32>>;
// @end

const COLUMNS = GATES * UNITS;
const GROUPS = (UNITS + 3) / 4;
// Blocks of four columns of a slice.
const DEPTH = ((COLUMNS + 3) / 4 + SLICES - 1) / SLICES;
const STRIDE = SLICES * DEPTH * 4;

// Elements of `slopes` beyond COLUMNS stay 0.
var<workgroup> slopes: array<f32, ROWS * STRIDE>;
var<workgroup> partials: array<vec4<f32>, SLICES * ROWS * GROUPS>;

// @hook
fn load_wh(i: i32) -> f32 {
  return wh_data[i >> 2u][i & 3];
}

// @hook
fn load4_wh(i: i32) -> vec4<f32> {
  return wh_data[i >> 2u];
}

struct Weights {
  a: mat4x4<f32>,
  b: mat4x4<f32>,
  c: mat4x4<f32>,
  d: mat4x4<f32>,
}

// Four columns of a unit's row from `column`; beyond the end of the row the last stand for those that are not there.
fn weight_row(unit: i32, column: i32) -> vec4<f32> {
  let at = min(unit, UNITS - 1) * COLUMNS;
  if (COLUMNS % 4 == 0) { return load4_wh(at + min(column, COLUMNS - 4)); }
  return vec4<f32>(
    load_wh(at + min(column, COLUMNS - 1)),
    load_wh(at + min(column + 1, COLUMNS - 1)),
    load_wh(at + min(column + 2, COLUMNS - 1)),
    load_wh(at + min(column + 3, COLUMNS - 1)),
  );
}

fn weight_block(group: i32, block: i32) -> mat4x4<f32> {
  return mat4x4<f32>(
    weight_row(group * 4, block * 4),
    weight_row(group * 4 + 1, block * 4),
    weight_row(group * 4 + 2, block * 4),
    weight_row(group * 4 + 3, block * 4),
  );
}

fn held_weights(lid: u32) -> Weights {
  var weights = Weights();
  if (REGISTERS && i32(lid) < SLICES * GROUPS) {
    let block = i32(lid) / GROUPS * DEPTH;
    let group = i32(lid) % GROUPS;
    weights.a = weight_block(group, block);
    if (DEPTH > 1) { weights.b = weight_block(group, block + 1); }
    if (DEPTH > 2) { weights.c = weight_block(group, block + 2); }
    if (DEPTH > 3) { weights.d = weight_block(group, block + 3); }
  }
  return weights;
}

fn slope_block(i: i32) -> vec4<f32> {
  return vec4<f32>(slopes[i], slopes[i + 1], slopes[i + 2], slopes[i + 3]);
}

fn multiply_held(lid: u32, weights: Weights) {
  let i = i32(lid) / GROUPS * DEPTH * 4;
  var sum = slope_block(i) * weights.a;
  if (DEPTH > 1) { sum += slope_block(i + 4) * weights.b; }
  if (DEPTH > 2) { sum += slope_block(i + 8) * weights.c; }
  if (DEPTH > 3) { sum += slope_block(i + 12) * weights.d; }
  partials[lid] = sum;
}

fn multiply_loaded(lid: u32) {
  let slice = i32(lid) / GROUPS;
  let group = i32(lid) % GROUPS;
  let end = min(slice * DEPTH + DEPTH, (COLUMNS + 3) / 4);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  for (var block = slice * DEPTH; block < end; block++) {
    let weights = weight_block(group, block);
    let i = block * 4;
    sum0 += slope_block(i) * weights;
    if (ROWS > 1) { sum1 += slope_block(min(1, ROWS - 1) * STRIDE + i) * weights; }
    if (ROWS > 2) {
      sum2 += slope_block(min(2, ROWS - 1) * STRIDE + i) * weights;
      sum3 += slope_block(min(3, ROWS - 1) * STRIDE + i) * weights;
    }
    if (ROWS > 4) {
      sum4 += slope_block(min(4, ROWS - 1) * STRIDE + i) * weights;
      sum5 += slope_block(min(5, ROWS - 1) * STRIDE + i) * weights;
      sum6 += slope_block(min(6, ROWS - 1) * STRIDE + i) * weights;
      sum7 += slope_block(min(7, ROWS - 1) * STRIDE + i) * weights;
    }
  }
  let to = slice * ROWS * GROUPS + group;
  partials[to] = sum0;
  if (ROWS > 1) { partials[to + GROUPS] = sum1; }
  if (ROWS > 2) {
    partials[to + 2 * GROUPS] = sum2;
    partials[to + 3 * GROUPS] = sum3;
  }
  if (ROWS > 4) {
    partials[to + 4 * GROUPS] = sum4;
    partials[to + 5 * GROUPS] = sum5;
    partials[to + 6 * GROUPS] = sum6;
    partials[to + 7 * GROUPS] = sum7;
  }
}

fn multiply(lid: u32, weights: Weights) {
  if (i32(lid) < SLICES * GROUPS) {
    if (REGISTERS) { multiply_held(lid, weights); } else { multiply_loaded(lid); }
  }
}

// Element (row, unit) of the product.
fn product(row: i32, unit: i32) -> f32 {
  var sum = 0.0;
  for (var slice = 0; slice < SLICES; slice++) {
    sum += partials[(slice * ROWS + row) * GROUPS + unit / 4][unit % 4];
  }
  return sum;
}

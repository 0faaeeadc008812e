// The product of the hidden state with the recurrent weights [UNITS, GATES * UNITS], for kernels that carry a few rows of a batch through
// all time steps in one workgroup: invocation (slice, group) multiplies a slice of the state with four columns of the weights. What it adds
// up for every row lies in `partials` afterwards, behind a barrier that the caller sets.

// @specialize
const UNITS = 8;
// @specialize
const GATES = 4;
// Rows of the batch: 1, 2, 4 or 8.
// @specialize
const ROWS = 4;
// @specialize
const SLICES = 1;
// The weights of an invocation stay in registers for the whole sequence: at most 16 vectors, one row.
// @specialize
const REGISTERS = false;
// At least SLICES * ceil(COLUMNS / 4).
// @specialize
const THREADS = 8;

// @standalone
@group(0) @binding(0) var<storage, read> wh_data: array<vec4<f32>>;
// @end

const COLUMNS = GATES * UNITS;
const GROUPS = (COLUMNS + 3) / 4;
const DEPTH = (UNITS + 4 * SLICES - 1) / (4 * SLICES) * 4;
const STRIDE = SLICES * DEPTH;

// Elements of `hidden` beyond UNITS stay 0.
var<workgroup> hidden: array<f32, ROWS * STRIDE>;
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

// Columns 4 group to 4 group + 3 of row k; where rows are no multiple of 4 long, the last column stands for those behind it.
fn weight_row(k: i32, group: i32) -> vec4<f32> {
  let at = min(k, UNITS - 1) * COLUMNS;
  let column = group * 4;
  if (COLUMNS % 4 == 0) { return load4_wh(at + column); }
  return vec4<f32>(
    load_wh(at + column),
    load_wh(at + min(column + 1, COLUMNS - 1)),
    load_wh(at + min(column + 2, COLUMNS - 1)),
    load_wh(at + min(column + 3, COLUMNS - 1)),
  );
}

fn weight_block(k: i32, group: i32) -> mat4x4<f32> {
  return mat4x4<f32>(
    weight_row(k, group),
    weight_row(k + 1, group),
    weight_row(k + 2, group),
    weight_row(k + 3, group),
  );
}

fn held_weights(lid: u32) -> Weights {
  var weights = Weights();
  if (REGISTERS && i32(lid) < SLICES * GROUPS) {
    let k = i32(lid) / GROUPS * DEPTH;
    let group = i32(lid) % GROUPS;
    weights.a = weight_block(k, group);
    if (DEPTH > 4) { weights.b = weight_block(k + 4, group); }
    if (DEPTH > 8) { weights.c = weight_block(k + 8, group); }
    if (DEPTH > 12) { weights.d = weight_block(k + 12, group); }
  }
  return weights;
}

fn hidden_block(k: i32) -> vec4<f32> {
  return vec4<f32>(hidden[k], hidden[k + 1], hidden[k + 2], hidden[k + 3]);
}

fn multiply_held(lid: u32, weights: Weights) {
  let k = i32(lid) / GROUPS * DEPTH;
  var sum = weights.a * hidden_block(k);
  if (DEPTH > 4) { sum += weights.b * hidden_block(k + 4); }
  if (DEPTH > 8) { sum += weights.c * hidden_block(k + 8); }
  if (DEPTH > 12) { sum += weights.d * hidden_block(k + 12); }
  partials[lid] = sum;
}

fn multiply_loaded(lid: u32) {
  let slice = i32(lid) / GROUPS;
  let group = i32(lid) % GROUPS;
  let end = min(slice * DEPTH + DEPTH, UNITS);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  for (var k = slice * DEPTH; k < end; k += 4) {
    let weights = weight_block(k, group);
    sum0 += weights * hidden_block(k);
    if (ROWS > 1) { sum1 += weights * hidden_block(min(1, ROWS - 1) * STRIDE + k); }
    if (ROWS > 2) {
      sum2 += weights * hidden_block(min(2, ROWS - 1) * STRIDE + k);
      sum3 += weights * hidden_block(min(3, ROWS - 1) * STRIDE + k);
    }
    if (ROWS > 4) {
      sum4 += weights * hidden_block(min(4, ROWS - 1) * STRIDE + k);
      sum5 += weights * hidden_block(min(5, ROWS - 1) * STRIDE + k);
      sum6 += weights * hidden_block(min(6, ROWS - 1) * STRIDE + k);
      sum7 += weights * hidden_block(min(7, ROWS - 1) * STRIDE + k);
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

// Element (row, column) of the product.
fn product(row: i32, column: i32) -> f32 {
  var sum = 0.0;
  for (var slice = 0; slice < SLICES; slice++) {
    sum += partials[(slice * ROWS + row) * GROUPS + column / 4][column % 4];
  }
  return sum;
}

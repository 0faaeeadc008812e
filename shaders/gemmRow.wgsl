// C = A B with one row and four columns of outputs per invocation, for products of few rows: many invocations, little waste.

// @standalone
@group(0) @binding(0) var<storage, read> a_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b_data: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c_data: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: array<vec4<u32>, 1>;
// @end

// @specialize
const THREADS_N = 8;
// @specialize
const THREADS_M = 8;
// Whether k may leave a remainder by 4.
// @specialize
const RAGGED_DEPTH = true;
// @specialize
const COLUMN_SUM = false;

// batch, m, n, k
// @hook
fn shape() -> vec4<i32> {
  return vec4<i32>(params[0]);
}

// What the loads of a row of A have in common for all k.
// @hook
struct ARows {
  start: i32,
}

// @hook
fn a_rows(batch: i32, m: i32) -> ARows {
  return ARows((batch * shape().y + m) * shape().w);
}

// Values k to k + 3 of the row.
// @hook
fn a_values(rows: ARows, k: i32) -> vec4<f32> {
  return a_data[(rows.start + k) >> 2u];
}

// The same for four columns of B; a block has one k's four values along n per matrix column.
// @hook
struct BColumns {
  start: i32,
}

// @hook
fn b_columns(batch: i32, n: i32) -> BColumns {
  return BColumns(batch * shape().w * shape().z + n);
}

// @hook
fn b_block(columns: BColumns, k: i32) -> mat4x4<f32> {
  let at = (columns.start + (vec4<i32>(k) + vec4<i32>(0, 1, 2, 3)) * shape().z) >> vec4<u32>(2u);
  return mat4x4<f32>(b_data[at.x], b_data[at.y], b_data[at.z], b_data[at.w]);
}

// Row m, columns n to n + 3 of the result: computes what follows and stores it.
// @hook
fn epilogue(batch: i32, m: i32, n: i32, acc: vec4<f32>) {
  c_data[((batch * shape().y + m) * shape().z + n) >> 2u] = acc;
}

// Sums over k of columns n to n + 3 of B.
// @hook
fn column_epilogue(batch: i32, n: i32, acc: vec4<f32>) {
}

// A block of B without the values from k = `count` on (they were read past the end, so they may be anything, NaN too).
fn keep_rows(b: mat4x4<f32>, count: i32) -> mat4x4<f32> {
  let zero = vec4<f32>();
  return mat4x4<f32>(
    select(zero, b[0], count > 0),
    select(zero, b[1], count > 1),
    select(zero, b[2], count > 2),
    select(zero, b[3], count > 3),
  );
}

// A loop of its own, by the invocations of m = 0 only, so that the product's loop stays as it is.
fn sum_columns(batch: i32, n: i32) {
  let size = shape();
  if (n >= size.z) { return; }
  let columns = b_columns(batch, n);
  var sum = vec4<f32>();
  let whole = size.w & ~3;
  for (var k = 0; k < whole; k += 4) {
    let b = b_block(columns, k);
    sum = sum + b[0] + b[1] + b[2] + b[3];
  }
  if (RAGGED_DEPTH && whole < size.w) {
    let b = keep_rows(b_block(columns, whole), size.w - whole);
    sum = sum + b[0] + b[1] + b[2] + b[3];
  }
  column_epilogue(batch, n, sum);
}

fn kernel(group: u32, lid: u32) {
  let size = shape();
  let tiles_n = u32(size.z + THREADS_N * 4 - 1) / (THREADS_N * 4);
  let tiles_m = u32(size.y + THREADS_M - 1) / THREADS_M;
  let tile = group % (tiles_m * tiles_n);
  let batch = i32(group / (tiles_m * tiles_n));
  let m = i32((tile / tiles_n) * THREADS_M + lid / THREADS_N);
  let n = i32((tile % tiles_n) * THREADS_N + lid % THREADS_N) * 4;
  if (batch >= size.x || m >= size.y || n >= size.z || lid >= THREADS_M * THREADS_N) { return; }
  let rows = a_rows(batch, m);
  let columns = b_columns(batch, n);
  var acc = vec4<f32>();
  let whole = size.w & ~3;
  for (var k = 0; k < whole; k += 4) {
    acc += b_block(columns, k) * a_values(rows, k);
  }
  if (RAGGED_DEPTH && whole < size.w) {
    let rest = size.w - whole;
    let kept = vec4<i32>(0, 1, 2, 3) < vec4<i32>(rest);
    let a = select(vec4<f32>(), a_values(rows, whole), kept);
    acc += keep_rows(b_block(columns, whole), rest) * a;
  }
  epilogue(batch, m, n, acc);
  if (COLUMN_SUM && m == 0) { sum_columns(batch, n); }
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

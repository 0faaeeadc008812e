// C = A B in registers alone: 4 or 8 rows by 4 or 8 columns per invocation, as blocks of 4 x 4. No workgroup memory, no barriers.
// A block of A has one row's four values along k per matrix column, a block of B one k's four values along n; past the edges
// blocks hold other numbers, which reach only outputs that are not stored.

// @standalone
@group(0) @binding(0) var<storage, read> a_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b_data: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c_data: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: array<vec4<u32>, 1>;
// @end

// @specialize
const ROW_BLOCKS = 2;
// @specialize
const COLUMN_BLOCKS = 2;
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

// What the loads of four rows of A have in common for all k.
// @hook
struct ARows {
  start: vec4<i32>,
}

// @hook
fn a_rows(batch: i32, m: i32) -> ARows {
  let rows = min(vec4<i32>(m) + vec4<i32>(0, 1, 2, 3), vec4<i32>(shape().y - 1));
  return ARows((batch * shape().y + rows) * shape().w);
}

// @hook
fn a_block(rows: ARows, k: i32) -> mat4x4<f32> {
  let at = (rows.start + k) >> vec4<u32>(2u);
  return mat4x4<f32>(a_data[at.x], a_data[at.y], a_data[at.z], a_data[at.w]);
}

// The same for four columns of B.
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

// A block of A without the values from k = `count` on (they were read past the end, so they may be anything, NaN too).
fn keep_depth(a: mat4x4<f32>, count: i32) -> mat4x4<f32> {
  let kept = vec4<i32>(0, 1, 2, 3) < vec4<i32>(count);
  let zero = vec4<f32>();
  return mat4x4<f32>(
    select(zero, a[0], kept),
    select(zero, a[1], kept),
    select(zero, a[2], kept),
    select(zero, a[3], kept),
  );
}

// The same for a block of B: whole matrix columns go.
fn keep_rows(b: mat4x4<f32>, count: i32) -> mat4x4<f32> {
  let zero = vec4<f32>();
  return mat4x4<f32>(
    select(zero, b[0], count > 0),
    select(zero, b[1], count > 1),
    select(zero, b[2], count > 2),
    select(zero, b[3], count > 3),
  );
}

// Blocks whose depth may end before four: masked in every turn, since a second copy of the loop for the last turn doubles the time to
// compile.
fn a_part(rows: ARows, k: i32) -> mat4x4<f32> {
  if (!RAGGED_DEPTH) { return a_block(rows, k); }
  return keep_depth(a_block(rows, k), shape().w - k);
}

fn b_part(columns: BColumns, k: i32) -> mat4x4<f32> {
  if (!RAGGED_DEPTH) { return b_block(columns, k); }
  return keep_rows(b_block(columns, k), shape().w - k);
}

fn store_block(batch: i32, m: i32, n: i32, c: mat4x4<f32>) {
  let size = shape();
  if (n >= size.z) { return; }
  for (var i = 0; i < 4 && m + i < size.y; i++) { epilogue(batch, m + i, n, c[i]); }
}

// A loop of its own, by the invocations of m = 0 only, so that the product's loop stays as it is.
fn sum_columns(batch: i32, n: i32) {
  let size = shape();
  if (n >= size.z) { return; }
  let columns = b_columns(batch, n);
  var sum = vec4<f32>();
  for (var k = 0; k < size.w; k += 4) {
    let b = b_part(columns, k);
    sum = sum + b[0] + b[1] + b[2] + b[3];
  }
  column_epilogue(batch, n, sum);
}

fn kernel(group: u32, lid: u32) {
  let size = shape();
  let tiles_n = u32(size.z + THREADS_N * COLUMN_BLOCKS * 4 - 1) / (THREADS_N * COLUMN_BLOCKS * 4);
  let tiles_m = u32(size.y + THREADS_M * ROW_BLOCKS * 4 - 1) / (THREADS_M * ROW_BLOCKS * 4);
  let tile = group % (tiles_m * tiles_n);
  let batch = i32(group / (tiles_m * tiles_n));
  let m = i32((tile / tiles_n) * THREADS_M + lid / THREADS_N) * (ROW_BLOCKS * 4);
  let n = i32((tile % tiles_n) * THREADS_N + lid % THREADS_N) * (COLUMN_BLOCKS * 4);
  if (batch >= size.x || m >= size.y || n >= size.z || lid >= THREADS_M * THREADS_N) { return; }
  let rows0 = a_rows(batch, m);
  let rows1 = a_rows(batch, m + 4);
  let columns0 = b_columns(batch, n);
  let columns1 = b_columns(batch, n + 4);
  var c00 = mat4x4<f32>();
  var c01 = mat4x4<f32>();
  var c10 = mat4x4<f32>();
  var c11 = mat4x4<f32>();
  for (var k = 0; k < size.w; k += 4) {
    let a0 = a_part(rows0, k);
    let b0 = b_part(columns0, k);
    var a1 = a0;
    c00 += b0 * a0;
    if (ROW_BLOCKS == 2) {
      a1 = a_part(rows1, k);
      c10 += b0 * a1;
    }
    if (COLUMN_BLOCKS == 2) {
      let b1 = b_part(columns1, k);
      c01 += b1 * a0;
      if (ROW_BLOCKS == 2) { c11 += b1 * a1; }
    }
  }
  store_block(batch, m, n, c00);
  if (COLUMN_BLOCKS == 2) { store_block(batch, m, n + 4, c01); }
  if (ROW_BLOCKS == 2) { store_block(batch, m + 4, n, c10); }
  if (ROW_BLOCKS == 2 && COLUMN_BLOCKS == 2) { store_block(batch, m + 4, n + 4, c11); }
  if (COLUMN_SUM && m == 0) {
    for (var i = 0; i < COLUMN_BLOCKS * 4; i += 4) { sum_columns(batch, n + i); }
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

// C = A B through workgroup memory, for GPUs: THREADS_M x THREADS_N invocations compute a tile of outputs, 4 or 8 rows by 4 or 8
// columns each, from tiles of A and B of depth DEPTH that they load together. The two column blocks of an invocation lie half a
// tile apart, so that neighbours read neighbouring words.
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
// @specialize
const DEPTH = 16;
// Whether k may leave a remainder by 4.
// @specialize
const RAGGED_DEPTH = true;
// @specialize
const COLUMN_SUM = false;
// Whether neighbours load along k (the stored inner axis of A, of B) or along m, n.
// @specialize
const A_ALONG_K = true;
// @specialize
const B_ALONG_K = false;

const THREADS = THREADS_M * THREADS_N;
// Blocks of 4 along m, n and k of a tile.
const BLOCKS_M = THREADS_M * ROW_BLOCKS;
const BLOCKS_N = THREADS_N * COLUMN_BLOCKS;
const BLOCKS_K = DEPTH / 4;

// Four values along m (A) or n (B) per element, k-major.
var<workgroup> tile_a: array<vec4<f32>, DEPTH * BLOCKS_M>;
var<workgroup> tile_b: array<vec4<f32>, DEPTH * BLOCKS_N>;

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

fn outer_product(c: mat4x4<f32>, a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(fma(a.xxxx, b, c[0]), fma(a.yyyy, b, c[1]), fma(a.zzzz, b, c[2]), fma(a.wwww, b, c[3]));
}

fn store_block(batch: i32, m: i32, n: i32, c: mat4x4<f32>) {
  let size = shape();
  if (n >= size.z) { return; }
  if (m < size.y) { epilogue(batch, m, n, c[0]); }
  if (m + 1 < size.y) { epilogue(batch, m + 1, n, c[1]); }
  if (m + 2 < size.y) { epilogue(batch, m + 2, n, c[2]); }
  if (m + 3 < size.y) { epilogue(batch, m + 3, n, c[3]); }
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

// Block `block` of the tile of A that starts at row m and depth k.
fn load_a(batch: i32, m: i32, k: i32, block: u32) {
  let block_m = select(block % BLOCKS_M, block / BLOCKS_K, A_ALONG_K);
  let block_k = select(block / BLOCKS_M, block % BLOCKS_K, A_ALONG_K);
  let at = k + i32(block_k) * 4;
  var a = a_block(a_rows(batch, m + i32(block_m) * 4), at);
  let rest = shape().w - at;
  if (rest < 4) { a = keep_depth(a, rest); }
  let turned = transpose(a);
  let to = block_k * 4 * BLOCKS_M + block_m;
  tile_a[to] = turned[0];
  tile_a[to + BLOCKS_M] = turned[1];
  tile_a[to + 2 * BLOCKS_M] = turned[2];
  tile_a[to + 3 * BLOCKS_M] = turned[3];
}

fn load_b(batch: i32, n: i32, k: i32, block: u32) {
  let block_n = select(block % BLOCKS_N, block / BLOCKS_K, B_ALONG_K);
  let block_k = select(block / BLOCKS_N, block % BLOCKS_K, B_ALONG_K);
  let at = k + i32(block_k) * 4;
  var b = b_block(b_columns(batch, n + i32(block_n) * 4), at);
  let rest = shape().w - at;
  if (rest < 4) { b = keep_rows(b, rest); }
  let to = block_k * 4 * BLOCKS_N + block_n;
  tile_b[to] = b[0];
  tile_b[to + BLOCKS_N] = b[1];
  tile_b[to + 2 * BLOCKS_N] = b[2];
  tile_b[to + 3 * BLOCKS_N] = b[3];
}

fn load_tiles(batch: i32, m: i32, n: i32, k: i32, lid: u32) {
  for (var block = lid; block < BLOCKS_K * (BLOCKS_M + BLOCKS_N); block += THREADS) {
    if (block < BLOCKS_K * BLOCKS_M) {
      load_a(batch, m, k, block);
    } else {
      load_b(batch, n, k, block - BLOCKS_K * BLOCKS_M);
    }
  }
}

fn kernel(group: u32, lid: u32) {
  let size = shape();
  let tiles_n = u32(size.z + BLOCKS_N * 4 - 1) / (BLOCKS_N * 4);
  let tiles_m = u32(size.y + BLOCKS_M * 4 - 1) / (BLOCKS_M * 4);
  let tile = group % (tiles_m * tiles_n);
  let batch = i32(group / (tiles_m * tiles_n));
  if (batch >= size.x) { return; }
  let tile_m = i32(tile / tiles_n) * (BLOCKS_M * 4);
  let tile_n = i32(tile % tiles_n) * (BLOCKS_N * 4);
  let thread_m = (lid / THREADS_N) * ROW_BLOCKS;
  let thread_n = lid % THREADS_N;
  var c00 = mat4x4<f32>();
  var c01 = mat4x4<f32>();
  var c10 = mat4x4<f32>();
  var c11 = mat4x4<f32>();
  for (var k = 0; k < size.w; k += DEPTH) {
    load_tiles(batch, tile_m, tile_n, k, lid);
    workgroupBarrier();
    for (var j = 0u; j < DEPTH; j++) {
      let a0 = tile_a[j * BLOCKS_M + thread_m];
      let b0 = tile_b[j * BLOCKS_N + thread_n];
      var a1 = a0;
      c00 = outer_product(c00, a0, b0);
      if (ROW_BLOCKS == 2) {
        a1 = tile_a[j * BLOCKS_M + thread_m + 1];
        c10 = outer_product(c10, a1, b0);
      }
      if (COLUMN_BLOCKS == 2) {
        let b1 = tile_b[j * BLOCKS_N + thread_n + THREADS_N];
        c01 = outer_product(c01, a0, b1);
        if (ROW_BLOCKS == 2) { c11 = outer_product(c11, a1, b1); }
      }
    }
    workgroupBarrier();
  }
  let m = tile_m + i32(thread_m) * 4;
  let n = tile_n + i32(thread_n) * 4;
  let n1 = n + THREADS_N * 4;
  store_block(batch, m, n, c00);
  if (COLUMN_BLOCKS == 2) { store_block(batch, m, n1, c01); }
  if (ROW_BLOCKS == 2) { store_block(batch, m + 4, n, c10); }
  if (ROW_BLOCKS == 2 && COLUMN_BLOCKS == 2) { store_block(batch, m + 4, n1, c11); }
  if (COLUMN_SUM && m == 0) {
    sum_columns(batch, n);
    if (COLUMN_BLOCKS == 2) { sum_columns(batch, n1); }
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

// Running sums, products, largest or smallest values along the rows of a [rows, length] matrix (param words 0 and 1), in a fixed order.
// One workgroup per row, which it walks in pieces of four elements per invocation; or (WALK) one invocation per row.

// @standalone
@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read_write> y_data: array<f32>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn max_f32(a: f32, b: f32) -> f32 {
  return max(a, b);
}

fn min_f32(a: f32, b: f32) -> f32 {
  return min(a, b);
}

fn bits_f32(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}
// @end

// 0 sum, 1 product, 2 largest, 3 smallest
// @specialize
const OPERATION = 0;
// Element i holds the elements before it, not itself.
// @specialize
const EXCLUSIVE = false;
// From the last element to the first.
// @specialize
const REVERSE = false;
// @specialize
const WALK = false;
// @specialize
const THREADS = 64;

// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load_x(i: i32) -> f32 {
  return x_data[i];
}

// @hook
fn store_y(i: i32, value: f32) {
  y_data[i] = value;
}

// Of the invocations of a row.
var<workgroup> totals: array<f32, THREADS>;

fn start_value() -> f32 {
  if (OPERATION == 1) { return f32(1); }
  if (OPERATION == 2) { return bits_f32(0xff800000u); }
  if (OPERATION == 3) { return bits_f32(0x7f800000u); }
  return f32(0);
}

fn combine(a: f32, b: f32) -> f32 {
  if (OPERATION == 1) { return a * b; }
  if (OPERATION == 2) { return max_f32(a, b); }
  if (OPERATION == 3) { return min_f32(a, b); }
  return a + b;
}

// Where the k-th element of a row in walking order lies.
fn place(row: i32, k: i32) -> i32 {
  let length = param(1);
  return row * length + select(k, length - 1 - k, REVERSE);
}

fn element(row: i32, k: i32) -> f32 {
  var value = start_value();
  if (k < param(1)) { value = load_x(place(row, k)); }
  return value;
}

fn store(row: i32, k: i32, before: f32, value: f32) {
  if (k < param(1)) { store_y(place(row, k), select(value, before, EXCLUSIVE)); }
}

fn walk(row: i32) {
  if (row >= param(0)) { return; }
  var total = start_value();
  for (var k = 0; k < param(1); k++) {
    let before = total;
    total = combine(total, load_x(place(row, k)));
    store(row, k, before, total);
  }
}

// The totals of the invocations up to each: in log2(THREADS) rounds, each adding what lies twice as far back.
fn scan_totals(lid: u32) {
  for (var distance = 1u; distance < u32(THREADS); distance *= 2u) {
    var other = start_value();
    if (lid >= distance) { other = totals[lid - distance]; }
    workgroupBarrier();
    if (lid >= distance) { totals[lid] = combine(other, totals[lid]); }
    workgroupBarrier();
  }
}

fn scan_row(row: i32, lid: u32) {
  var carry = start_value();
  for (var start = 0; start < param(1); start += THREADS * 4) {
    let k = start + i32(lid) * 4;
    let value0 = element(row, k);
    let value1 = combine(value0, element(row, k + 1));
    let value2 = combine(value1, element(row, k + 2));
    let value3 = combine(value2, element(row, k + 3));
    totals[lid] = value3;
    workgroupBarrier();
    scan_totals(lid);
    var before = carry;
    if (lid > 0u) { before = combine(carry, totals[lid - 1u]); }
    carry = combine(carry, totals[THREADS - 1]);
    workgroupBarrier();
    store(row, k, before, combine(before, value0));
    store(row, k + 1, combine(before, value0), combine(before, value1));
    store(row, k + 2, combine(before, value1), combine(before, value2));
    store(row, k + 3, combine(before, value2), combine(before, value3));
  }
}

fn kernel(group: u32, lid: u32) {
  if (WALK) {
    walk(i32(group) * THREADS + i32(lid));
  } else if (i32(group) < param(0)) {
    scan_row(i32(group), lid);
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

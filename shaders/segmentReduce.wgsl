// Sums (products, largest, smallest values) of segments: x [groups, count, columns] is read in `order` [groups, count], where segment s of a
// group is what lies from offsets[s] to offsets[s + 1]; y is [groups, segments, columns]. Params: groups, count, segments, columns / LANES.
// PARTS invocations share one output, each taking every PARTS-th element; their results meet in a fixed order.

// @standalone
@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read> order_data: array<i32>;
@group(0) @binding(2) var<storage, read> offsets_data: array<i32>;
@group(0) @binding(3) var<storage, read_write> y_data: array<f32>;
@group(0) @binding(4) var<uniform> params: array<vec4<u32>, 1>;

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
// A power of two.
// @specialize
const PARTS = 1;
// 4: the generator makes values vectors, for sums.
// @specialize
const LANES = 1;
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
fn load_order(i: i32) -> i32 {
  return order_data[i];
}

// @hook
fn load_offsets(i: i32) -> i32 {
  return offsets_data[i];
}

// @hook
fn store_y(i: i32, value: f32) {
  y_data[i] = value;
}

var<workgroup> partial: array<f32, THREADS>;

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

// LANES values of a row of x from those of column `column` on.
fn element(row: i32, column: i32) -> f32 {
  return load_x((row * param(3) + column) * LANES);
}

// The share `part` of output i; four elements at a time, so that their loads overlap.
fn share(i: i32, part: i32) -> f32 {
  let columns = param(3);
  let segments = param(2);
  let count = param(1);
  let line = i / columns;
  let column = i - line * columns;
  let group = line / segments;
  let segment = line - group * segments;
  let first = group * (segments + 1) + segment;
  let end = load_offsets(first + 1);
  let rows = group * count;
  var a = start_value();
  var b = a;
  var c = a;
  var d = a;
  var k = load_offsets(first) + part;
  for (; k + 3 * PARTS < end; k += 4 * PARTS) {
    a = combine(a, element(rows + load_order(rows + k), column));
    b = combine(b, element(rows + load_order(rows + k + PARTS), column));
    c = combine(c, element(rows + load_order(rows + k + 2 * PARTS), column));
    d = combine(d, element(rows + load_order(rows + k + 3 * PARTS), column));
  }
  for (; k < end; k += PARTS) {
    a = combine(a, element(rows + load_order(rows + k), column));
  }
  return combine(combine(a, b), combine(c, d));
}

fn kernel(group: u32, lid: u32) {
  let outputs = param(0) * param(2) * param(3);
  let part = i32(lid) % PARTS;
  let i = i32(group) * (THREADS / PARTS) + i32(lid) / PARTS;
  var value = start_value();
  if (i < outputs) { value = share(i, part); }
  if (PARTS > 1) {
    partial[lid] = value;
    workgroupBarrier();
    for (var distance = PARTS / 2; distance > 0; distance /= 2) {
      if (part < distance) { partial[lid] = combine(partial[lid], partial[i32(lid) + distance]); }
      workgroupBarrier();
    }
    value = partial[lid];
  }
  if (part == 0 && i < outputs) { store_y(i * LANES, value); }
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

// Merges each WAYS neighbouring blocks of param(2) elements, which `order` has in order, of the rows [param(0), param(1)]: an invocation per
// element finds by bisection how many elements of the other blocks come before it. Equal keys: the earlier block first.

// @standalone
@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read> order_data: array<i32>;
@group(0) @binding(2) var<storage, read_write> y_data: array<i32>;
@group(0) @binding(3) var<uniform> params: array<vec4<u32>, 1>;
// @end

// Largest first.
// @specialize
const DESCENDING = false;
// Indices: 1 as positions of param(3) elements, negative ones from the end, others clamped; 2 those out of range behind all others.
// @specialize
const INDICES = 0;
// @specialize
const WAYS = 4;
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
fn store_y(i: i32, value: i32) {
  y_data[i] = value;
}

// Order-preserving image of element i: NaN last (first if DESCENDING), both zeros equal. The generator replaces it for whole numbers.
fn key(i: i32) -> u32 {
  let bits = bitcast<u32>(load_x(i));
  let magnitude = bits & 0x7fffffffu;
  var image = select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
  if (magnitude > 0x7f800000u) { image = 0xffffffffu; }
  if (magnitude == 0u) { image = 0x80000000u; }
  return select(image, ~image, DESCENDING);
}

// How many of the ordered elements from `first` to `last` of a row come before `own`; equal ones do if `with_equal`.
fn count_before(row: i32, first: i32, last: i32, own: u32, with_equal: bool) -> i32 {
  var low = first;
  var high = last;
  while (low < high) {
    let middle = low + (high - low) / 2;
    let other = key(row + load_order(row + middle));
    if (other < own || (with_equal && other == own)) { low = middle + 1; } else { high = middle; }
  }
  return low - first;
}

fn kernel(group: u32, lid: u32) {
  let length = param(1);
  let width = param(2);
  let i = i32(group) * THREADS + i32(lid);
  if (i >= param(0) * length) { return; }
  let row = i / length * length;
  let block = (i - row) / width;
  let place = load_order(i);
  let own = key(row + place);
  let begin = block / WAYS * WAYS;
  var rank = i - row - block * width;
  for (var other = begin; other < begin + WAYS; other++) {
    let first = min(other * width, length);
    let last = min(first + width, length);
    if (other != block) { rank += count_before(row, first, last, own, other < block); }
  }
  store_y(row + begin * width + rank, place);
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

// Positions that put each block of param(2) elements of the rows [param(0), param(1)] in stable order: an invocation per element counts
// those that come before it. No barriers: the way for short rows, and for longer ones where barriers are dear.

// @standalone
@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read_write> y_data: array<i32>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;
// @end

// Largest first.
// @specialize
const DESCENDING = false;
// Indices: 1 as positions of param(3) elements, negative ones from the end, others clamped; 2 those out of range behind all others.
// @specialize
const INDICES = 0;
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

fn kernel(group: u32, lid: u32) {
  let length = param(1);
  let i = i32(group) * THREADS + i32(lid);
  if (i >= param(0) * length) { return; }
  let row = i / length * length;
  let place = i - row;
  let begin = place / param(2) * param(2);
  let end = min(begin + param(2), length);
  let own = key(i);
  var rank = begin;
  for (var k = begin; k < place; k++) { rank += select(0, 1, key(row + k) <= own); }
  for (var k = place + 1; k < end; k++) { rank += select(0, 1, key(row + k) < own); }
  store_y(row + rank, place);
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

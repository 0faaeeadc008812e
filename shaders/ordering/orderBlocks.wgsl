// Positions that put each block of param(2) <= SIZE elements of the rows [param(0), param(1)] in stable order: a workgroup per block, bitonic
// exchanges of (key, position) in workgroup memory. Equal keys compare by position, so the order is one only.

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
// A power of two of at least 2 THREADS.
// @specialize
const SIZE = 512;
// @specialize
const THREADS = 256;

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

var<workgroup> keys: array<u32, SIZE>;
var<workgroup> places: array<u32, SIZE>;

// Order-preserving image of element i: NaN last (first if DESCENDING), both zeros equal. The generator replaces it for whole numbers.
fn key(i: i32) -> u32 {
  let bits = bitcast<u32>(load_x(i));
  let magnitude = bits & 0x7fffffffu;
  var image = select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
  if (magnitude > 0x7f800000u) { image = 0xffffffffu; }
  if (magnitude == 0u) { image = 0x80000000u; }
  return select(image, ~image, DESCENDING);
}

fn exchange(low: u32, high: u32, ascending: bool) {
  let a = keys[low];
  let b = keys[high];
  let place_a = places[low];
  let place_b = places[high];
  let is_after = a > b || (a == b && place_a > place_b);
  if (is_after == ascending) {
    keys[low] = b;
    keys[high] = a;
    places[low] = place_b;
    places[high] = place_a;
  }
}

fn kernel(group: u32, lid: u32) {
  let length = param(1);
  let width = param(2);
  let blocks = (length + width - 1) / width;
  let row = i32(group) / blocks * length;
  let begin = i32(group) % blocks * width;
  // Of a workgroup beyond the last block nothing counts.
  let count = select(0, min(width, length - begin), i32(group) < param(0) * blocks);
  for (var k = lid; k < u32(SIZE); k += u32(THREADS)) {
    places[k] = k;
    keys[k] = 0xffffffffu;
    if (i32(k) < count) { keys[k] = key(row + begin + i32(k)); }
  }
  workgroupBarrier();
  for (var run = 2u; run <= u32(SIZE); run *= 2u) {
    for (var distance = run / 2u; distance > 0u; distance /= 2u) {
      for (var pair = lid; pair < u32(SIZE) / 2u; pair += u32(THREADS)) {
        let low = (pair / distance) * distance * 2u + pair % distance;
        exchange(low, low + distance, (low & run) == 0u);
      }
      workgroupBarrier();
    }
  }
  for (var k = lid; i32(k) < count; k += u32(THREADS)) {
    store_y(row + begin + i32(k), begin + i32(places[k]));
  }
}

// @standalone
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) wid: vec3<u32>,
  @builtin(num_workgroups) nwg: vec3<u32>,
  @builtin(local_invocation_index) lid: u32,
) {
  kernel(wid.x + wid.y * nwg.x, lid);
}
// @end

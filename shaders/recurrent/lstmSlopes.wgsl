// The gradient of an LSTM's step without the product, four units per invocation: G [batch, 4 * units] holds the gates' values, c and before
// [batch, units] the cell after and before the step; the cotangents of the states after it are dhNext (of the next step) + dh (of what reads
// the states) and dcNext + dc. dZ [batch, 4 * units] are those of the gates' arguments, dcBefore that of the cell before. Where the mask is
// false, dZ is 0 and dc passes.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn tanh_f32x4(x: vec4<f32>) -> vec4<f32> {
  return tanh(x);
}
// @end

// @specialize
const THREADS = 64;

// Batch and units.
// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load4_G(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_c(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_before(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_dhNext(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_dh(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_dcNext(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_dc(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load_mask(i: i32) -> bool {
  return input_data[i >> 2u].x != 0.0;
}

// @hook
fn store4_dZ(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// @hook
fn store4_dcBefore(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

fn kernel(group: u32, lid: u32) {
  let units = param(1);
  let place = i32(group * u32(THREADS) + lid) * 4;
  if (place >= param(0) * units || i32(lid) >= THREADS) { return; }
  let row = place / units;
  let gates = place + row * 3 * units;
  let i = load4_G(gates);
  let f = load4_G(gates + units);
  let g = load4_G(gates + 2 * units);
  let o = load4_G(gates + 3 * units);
  let c = tanh_f32x4(load4_c(place));
  let dh = load4_dhNext(place) + load4_dh(place);
  let dc = load4_dcNext(place) + load4_dc(place);
  let slope = dc + dh * o * (1.0 - c * c);
  let counts = load_mask(row);
  let none = vec4<f32>();
  store4_dZ(gates, select(none, slope * g * i * (1.0 - i), counts));
  store4_dZ(gates + units, select(none, slope * load4_before(place) * f * (1.0 - f), counts));
  store4_dZ(gates + 2 * units, select(none, slope * i * (1.0 - g * g), counts));
  store4_dZ(gates + 3 * units, select(none, dh * c * o * (1.0 - o), counts));
  store4_dcBefore(place, select(dc, slope * f, counts));
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

// The gates and states of one step of an LSTM (behind recurrentStep.wgsl): z [batch, 4 * units] is the input's part, gates i, f, c, o; h and
// c [batch, units] the states. hAfter and cAfter are the new states, G [batch, 5 * units] holds the gates' values and c. Where the mask is
// false, states stay.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

fn load4_h(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

fn sigmoid_f32x4(x: vec4<f32>) -> vec4<f32> {
  return 1.0 / (1.0 + exp(-x));
}

fn tanh_f32x4(x: vec4<f32>) -> vec4<f32> {
  return tanh(x);
}
// @end

// @hook
fn load4_z(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_c(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load_mask(i: i32) -> bool {
  return input_data[i >> 2u].x != 0.0;
}

// @hook
fn store4_hAfter(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// @hook
fn store4_cAfter(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// @hook
fn store4_G(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

fn finish(row: i32, unit: i32, sums: mat4x4<f32>) {
  let units = param(1);
  let place = row * units + unit;
  let given = row * 4 * units + unit;
  let i = sigmoid_f32x4(load4_z(given) + sums[0]);
  let f = sigmoid_f32x4(load4_z(given + units) + sums[1]);
  let g = tanh_f32x4(load4_z(given + 2 * units) + sums[2]);
  let o = sigmoid_f32x4(load4_z(given + 3 * units) + sums[3]);
  let before = load4_c(place);
  let gates = row * 5 * units + unit;
  store4_G(gates, i);
  store4_G(gates + units, f);
  store4_G(gates + 2 * units, g);
  store4_G(gates + 3 * units, o);
  store4_G(gates + 4 * units, before);
  let c = f * before + i * g;
  let counts = load_mask(row);
  store4_cAfter(place, select(before, c, counts));
  store4_hAfter(place, select(load4_h(place), o * tanh_f32x4(c), counts));
}

// @standalone
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  finish(i32(id.x), 0, mat4x4<f32>());
}
// @end

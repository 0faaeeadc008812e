// The gates and the state of one step of a GRU, reset after the product (behind recurrentStep.wgsl): x [batch, 3 * units] is the input's
// product, gates z, r, h; bias [2, 3 * units] is added to it and to the state's product; h [batch, units] is the state. hAfter is the new
// one, G [batch, 5 * units] holds z, r, the candidate, its recurrent part and h. Where the mask is false, the state stays.

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
fn load4_x(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_bias(i: i32) -> vec4<f32> {
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
fn store4_G(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

fn finish(row: i32, unit: i32, sums: mat4x4<f32>) {
  let units = param(1);
  let given = row * 3 * units + unit;
  let gates = row * 5 * units + unit;
  let place = row * units + unit;
  let of_state = unit + 3 * units;
  let z = sigmoid_f32x4(load4_x(given) + load4_bias(unit) + sums[0] + load4_bias(of_state));
  let r = sigmoid_f32x4(load4_x(given + units) + load4_bias(unit + units) + sums[1] + load4_bias(of_state + units));
  let recurrent = sums[2] + load4_bias(of_state + 2 * units);
  let candidate = tanh_f32x4(load4_x(given + 2 * units) + load4_bias(unit + 2 * units) + r * recurrent);
  store4_G(gates, z);
  store4_G(gates + units, r);
  store4_G(gates + 2 * units, candidate);
  store4_G(gates + 3 * units, recurrent);
  let before = load4_h(place);
  store4_G(gates + 4 * units, before);
  store4_hAfter(place, select(before, z * before + (1.0 - z) * candidate, load_mask(row)));
}

// @standalone
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  finish(i32(id.x), 0, mat4x4<f32>());
}
// @end

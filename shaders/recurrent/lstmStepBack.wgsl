// The slopes of one step of an LSTM (behind recurrentStepBack.wgsl): G [batch, 5 * units] holds the gates' values and the cell before the
// step; dH [batch, units] is the cotangent of the output after it, held [batch, 2 * units] what the step after it asks of h past the product,
// and of the cell. dZ [batch, 4 * units] are those of the gates' arguments. Where the mask is false, dZ is 0 and the cotangents pass to
// heldBefore, which is what this step asks of the states before it.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

fn tanh_f32x4(x: vec4<f32>) -> vec4<f32> {
  return tanh(x);
}
// @end

// @hook
fn load4_held(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_G(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_dH(i: i32) -> vec4<f32> {
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
fn store4_heldBefore(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

fn finish(row: i32, unit: i32, back: vec4<f32>) {
  let units = param(1);
  let gates = row * 5 * units + unit;
  let carry = row * 2 * units + unit;
  let i = load4_G(gates);
  let f = load4_G(gates + units);
  let g = load4_G(gates + 2 * units);
  let o = load4_G(gates + 3 * units);
  let before = load4_G(gates + 4 * units);
  let c = tanh_f32x4(f * before + i * g);
  let dh = back + load4_held(carry) + load4_dH(row * units + unit);
  let dc = load4_held(carry + units);
  let slope = dc + dh * o * (1.0 - c * c);
  let counts = load_mask(row);
  let none = vec4<f32>();
  let given = row * 4 * units + unit;
  store4_dZ(given, select(none, slope * g * i * (1.0 - i), counts));
  store4_dZ(given + units, select(none, slope * before * f * (1.0 - f), counts));
  store4_dZ(given + 2 * units, select(none, slope * i * (1.0 - g * g), counts));
  store4_dZ(given + 3 * units, select(none, dh * c * o * (1.0 - o), counts));
  store4_heldBefore(carry, select(dh, none, counts));
  store4_heldBefore(carry + units, select(dc, slope * f, counts));
}

// @standalone
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  finish(i32(id.x), 0, vec4<f32>());
}
// @end

// The state of one step of a simple recurrent layer with tanh (behind recurrentStep.wgsl): hAfter = tanh(z + h wh), all [batch, units].
// Where the mask is false, the state stays.

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

fn tanh_f32x4(x: vec4<f32>) -> vec4<f32> {
  return tanh(x);
}
// @end

// @hook
fn load4_z(i: i32) -> vec4<f32> {
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

fn finish(row: i32, unit: i32, sums: mat4x4<f32>) {
  let place = row * param(1) + unit;
  let after = tanh_f32x4(load4_z(place) + sums[0]);
  store4_hAfter(place, select(load4_h(place), after, load_mask(row)));
}

// @standalone
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  finish(i32(id.x), 0, mat4x4<f32>());
}
// @end

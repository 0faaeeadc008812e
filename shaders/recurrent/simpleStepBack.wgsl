// The slopes of one step of a simple recurrent layer (behind recurrentStepBack.wgsl): after [batch, units] is its state, dH the cotangent of
// that, held what the step after it asks of it past the product. dZ are the slopes of tanh's argument. Where the mask is false, dZ is 0 and
// the cotangent passes to heldBefore, which is what this step asks of the state before it.

// @standalone
@group(0) @binding(0) var<storage, read> input_data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output_data: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;

fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}
// @end

// @hook
fn load4_held(i: i32) -> vec4<f32> {
  return input_data[i >> 2u];
}

// @hook
fn load4_after(i: i32) -> vec4<f32> {
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
  let place = row * param(1) + unit;
  let h = load4_after(place);
  let dh = back + load4_held(place) + load4_dH(place);
  let counts = load_mask(row);
  let none = vec4<f32>();
  store4_dZ(place, select(none, dh * (1.0 - h * h), counts));
  store4_heldBefore(place, select(dh, none, counts));
}

// @standalone
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  finish(i32(id.x), 0, vec4<f32>());
}
// @end

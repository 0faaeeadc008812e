// The slopes of one step of a GRU (behind recurrentStepBack.wgsl): G [batch, 5 * units] holds z, r, the candidate, its recurrent part and the
// state before the step; dH [batch, units] is the cotangent of the state after it, held what the step after it asks of that past the product.
// dG [batch, 6 * units] are the slopes of z, r, h with respect to the input's product, then to the state's. Where the mask is false, dG is 0
// and the cotangent passes to heldBefore, which is what this step asks of the state before it.

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
fn store4_dG(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

// @hook
fn store4_heldBefore(i: i32, value: vec4<f32>) {
  output_data[i >> 2u] = value;
}

fn finish(row: i32, unit: i32, back: vec4<f32>) {
  let units = param(1);
  let place = row * units + unit;
  let gates = row * 5 * units + unit;
  let z = load4_G(gates);
  let r = load4_G(gates + units);
  let candidate = load4_G(gates + 2 * units);
  let dh = back + load4_held(place) + load4_dH(place);
  let slope = dh * (1.0 - z) * (1.0 - candidate * candidate);
  let counts = load_mask(row);
  let none = vec4<f32>();
  let dz = select(none, dh * (load4_G(gates + 4 * units) - candidate) * z * (1.0 - z), counts);
  let dr = select(none, slope * load4_G(gates + 3 * units) * r * (1.0 - r), counts);
  let given = row * 6 * units + unit;
  store4_dG(given, dz);
  store4_dG(given + units, dr);
  store4_dG(given + 2 * units, select(none, slope, counts));
  store4_dG(given + 3 * units, dz);
  store4_dG(given + 4 * units, dr);
  store4_dG(given + 5 * units, select(none, slope * r, counts));
  store4_heldBefore(place, select(dh, dh * z, counts));
}

// @standalone
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  finish(i32(id.x), 0, vec4<f32>());
}
// @end

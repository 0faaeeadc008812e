// The inverse of an order along the rows [param(0), param(1)]: y[x[k]] = k.

// @standalone
@group(0) @binding(0) var<storage, read> x_data: array<i32>;
@group(0) @binding(1) var<storage, read_write> y_data: array<i32>;
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 1>;
// @end

// @specialize
const THREADS = 64;

// @hook
fn param(word: i32) -> i32 {
  return bitcast<i32>(params[word >> 2u][word & 3]);
}

// @hook
fn load_x(i: i32) -> i32 {
  return x_data[i];
}

// @hook
fn store_y(i: i32, value: i32) {
  y_data[i] = value;
}

fn kernel(group: u32, lid: u32) {
  let length = param(1);
  let i = i32(group) * THREADS + i32(lid);
  if (i >= param(0) * length) { return; }
  let row = i / length * length;
  store_y(row + load_x(i), i - row);
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

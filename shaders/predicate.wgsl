// Decides whether the calls of a branch run: writes the third workgroup count, 1 or 0, of their indirect dispatches.
// Words of `calls`: whether each branch runs (word 0: 1, around all of them), then [x, y, z] of every call inside a branch.
@group(0) @binding(0) var<storage, read> flags: array<u32>;
@group(0) @binding(1) var<storage, read_write> calls: array<u32>;
// Flag word; branch around it; this branch; first call; number of calls.
@group(0) @binding(2) var<uniform> params: array<vec4<u32>, 2>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lid: u32) {
  let runs = select(0u, calls[params[0].y], flags[params[0].x] != 0u);
  if (lid == 0u) {
    calls[params[0].z] = runs;
  }
  for (var i = lid; i < params[1].x; i += 64u) {
    calls[params[0].w + 3u * i + 2u] = runs;
  }
}

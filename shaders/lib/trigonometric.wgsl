// Sine, cosine and their inverses. WGSL's own sin may be off by 2^-11 (1.9e-4 on SwiftShader); these stay within 1e-6 for
// |x| < 1e4 and lose about |x| * 2e-11 beyond. Same writing rules as numbers.wgsl.

// x - n pi/2 with pi/2 in three parts (Cephes): n * part is exact for the first two up to n = 8192. The clamp keeps the sine of
// huge arguments within [-1, 1].
fn reduce_half_pi_f32(x: f32, n: f32) -> f32 {
  let r = ((x - n * f32(1.5703125)) - n * f32(4.83751296997e-4)) - n * f32(7.54978994e-8);
  return clamp(r, f32(-0.8), f32(0.8));
}

// Sine of quadrant + r, |r| <= pi/4: odd quadrants take the cosine polynomial, the upper two turn the sign.
fn sine_kernel_f32(r: f32, quadrant: i32) -> f32 {
  let z = r * r;
  let sine = ((f32(-1.9515295891e-4) * z + f32(8.3321608736e-3)) * z + f32(-1.6666654611e-1)) * z * r + r;
  let cosine = ((f32(2.443315711809948e-5) * z + f32(-1.388731625493765e-3)) * z + f32(4.166664568298827e-2)) * z * z
    - f32(0.5) * z + f32(1.0);
  let value = select(sine, cosine, (quadrant & i32(1)) == i32(1));
  return select(value, -value, (quadrant & i32(2)) == i32(2));
}

// NaN for infinities and NaN.
fn finite_or_nan_f32(x: f32, value: f32) -> f32 {
  let bits = bitcast<u32>(x);
  return select(value, bitcast<f32>(bits | u32(0x7fc00000)), (bits & u32(0x7f800000)) == u32(0x7f800000));
}

fn sin_f32(x: f32) -> f32 {
  let n = round(x * f32(0.636619772));
  let value = sine_kernel_f32(reduce_half_pi_f32(x, n), i32(clamp(n, f32(-1e9), f32(1e9))));
  return finite_or_nan_f32(x, value);
}

fn cos_f32(x: f32) -> f32 {
  let n = round(x * f32(0.636619772));
  let value = sine_kernel_f32(reduce_half_pi_f32(x, n), i32(clamp(n, f32(-1e9), f32(1e9))) + i32(1));
  return finite_or_nan_f32(x, value);
}

fn tan_f32(x: f32) -> f32 {
  return sin_f32(x) / cos_f32(x);
}

// Cephes atanf for x >= 0: thirds of the circle first, then an odd polynomial.
fn atan_size_f32(x: f32) -> f32 {
  let far = x > f32(2.414213562);
  let middle = (x > f32(0.4142135624)) & !far;
  let turned = select(select(x, (x - f32(1.0)) / (x + f32(1.0)), middle), f32(-1.0) / x, far);
  let start = select(select(f32(0.0), f32(0.7853981634), middle), f32(1.5707963268), far);
  let z = turned * turned;
  let p = ((f32(8.05374449538e-2) * z + f32(-1.38776856032e-1)) * z + f32(1.99777106478e-1)) * z + f32(-3.33329491539e-1);
  return start + (p * z * turned + turned);
}

fn atan_f32(x: f32) -> f32 {
  let size = atan_size_f32(abs(x));
  let value = select(size, -size, x < f32(0.0));
  return select(value, x, (bitcast<u32>(x) & u32(0x7fffffff)) > u32(0x7f800000));
}

fn atan2_f32(y: f32, x: f32) -> f32 {
  let both = (abs(y) == abs(x)) & (abs(y) > f32(3.0e38));
  let ratio = select(abs(y) / abs(x), f32(1.0), both);
  let quarter = select(atan_size_f32(ratio), f32(0.0), y == f32(0.0));
  let half = select(quarter, f32(3.1415926536) - quarter, bitcast<i32>(x) < i32(0));
  let value = select(half, -half, bitcast<i32>(y) < i32(0));
  let sum = bitcast<u32>(x + y);
  return select(value, x + y, ((sum & u32(0x7fffffff)) > u32(0x7f800000)) & !both);
}

// Cephes asinf: the polynomial to 1/2, then pi/2 - 2 asin(sqrt((1 - x) / 2)).
fn asin_kernel_f32(x: f32, z: f32) -> f32 {
  let p = (((f32(4.2163199048e-2) * z + f32(2.4181311049e-2)) * z + f32(4.5470025998e-2)) * z + f32(7.4953002686e-2)) * z
    + f32(1.6666752422e-1);
  return p * z * x + x;
}

fn asin_f32(x: f32) -> f32 {
  let size = abs(x);
  let outer = size > f32(0.5);
  let z = select(size * size, f32(0.5) * (f32(1.0) - size), outer);
  let core = asin_kernel_f32(select(size, sqrt(max(z, f32(0.0))), outer), z);
  let value = select(core, f32(1.5707963268) - (core + core), outer);
  return select(select(value, -value, x < f32(0.0)), acos_outside_f32(x), !(size <= f32(1.0)));
}

fn acos_f32(x: f32) -> f32 {
  let size = abs(x);
  let outer = size > f32(0.5);
  let z = select(size * size, f32(0.5) * (f32(1.0) - size), outer);
  let core = asin_kernel_f32(select(size, sqrt(max(z, f32(0.0))), outer), z);
  let right = core + core;
  let far = select(right, f32(3.1415926536) - right, x < f32(0.0));
  let near = f32(1.5707963268) - select(core, -core, x < f32(0.0));
  return select(select(near, far, outer), acos_outside_f32(x), !(size <= f32(1.0)));
}

fn acos_outside_f32(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) | u32(0x7fc00000));
}

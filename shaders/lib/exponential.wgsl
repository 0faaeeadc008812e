// Exponential, logarithm and what is built on them, within 2e-6 relative of float64 and true to NaN and infinities.
// Same writing rules as numbers.wgsl: no branches, typed literals.

fn any_nan_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & u32(0x7fffffff)) > u32(0x7f800000);
}

fn infinity_f32(like: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(like) & u32(0)) | u32(0x7f800000));
}

fn nan_f32(like: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(like) & u32(0)) | u32(0x7fc00000));
}

// x * 2^n in two factors, so that n may reach the subnormal and the overflowing ends.
fn scale_f32(x: f32, n: i32) -> f32 {
  let half = n >> u32(1);
  let first = bitcast<f32>((half + i32(127)) << u32(23));
  let second = bitcast<f32>((n - half + i32(127)) << u32(23));
  return (x * first) * second;
}

// e^r - 1 for |r| <= ln 2 / 2: the series to r^7 / 7! leaves 1.5e-8 relative.
fn expm1_kernel_f32(r: f32) -> f32 {
  var p = f32(1.98412698e-4);
  p = p * r + f32(1.38888889e-3);
  p = p * r + f32(8.33333333e-3);
  p = p * r + f32(4.16666667e-2);
  p = p * r + f32(1.66666667e-1);
  p = p * r + f32(0.5);
  return (p * r) * r + r;
}

// x - n ln 2 with ln 2 in two parts; the first has 9 zero bits at its end, so n * 0.693359375 is exact.
fn reduce_ln2_f32(x: f32, n: f32) -> f32 {
  return (x - n * f32(0.693359375)) - n * f32(-2.12194440e-4);
}

fn exp_f32(x: f32) -> f32 {
  let inside = clamp(x, f32(-104.0), f32(89.0));
  let n = round(inside * f32(1.44269504));
  let value = scale_f32(expm1_kernel_f32(reduce_ln2_f32(inside, n)) + f32(1.0), i32(n));
  return select(value, x, any_nan_f32(x));
}

// e^x for -88 <= x <= 89, by one power of two: 0 below -87.7, infinite above 88.4.
fn exp_within_f32(x: f32) -> f32 {
  let n = round(x * f32(1.44269504));
  let power = bitcast<f32>((i32(n) + i32(127)) << u32(23));
  return (expm1_kernel_f32(reduce_ln2_f32(x, n)) + f32(1.0)) * power;
}

// 2^n (e^r - 1) + (2^n - 1): nothing cancels near 0.
fn expm1_f32(x: f32) -> f32 {
  let inside = clamp(x, f32(-20.0), f32(88.8));
  let n = round(inside * f32(1.44269504));
  let p = expm1_kernel_f32(reduce_ln2_f32(inside, n));
  let power = scale_f32(f32(0.5), i32(n));
  let value = ((p * power) + (power - f32(0.5))) * f32(2.0);
  return select(value, x, any_nan_f32(x) | (abs(x) < f32(1e-7)));
}

// ln(1 + f) for sqrt(1/2) <= 1 + f <= sqrt(2), plus e ln 2 (Cephes logf).
fn log_kernel_f32(f: f32, e: f32) -> f32 {
  var p = f32(7.0376836292e-2);
  p = p * f + f32(-1.1514610310e-1);
  p = p * f + f32(1.1676998740e-1);
  p = p * f + f32(-1.2420140846e-1);
  p = p * f + f32(1.4249322787e-1);
  p = p * f + f32(-1.6668057665e-1);
  p = p * f + f32(2.0000714765e-1);
  p = p * f + f32(-2.4999993993e-1);
  p = p * f + f32(3.3333331174e-1);
  let square = f * f;
  let tail = (p * f) * square + e * f32(-2.12194440e-4) - f32(0.5) * square;
  return (f + tail) + e * f32(0.693359375);
}

// The exponent of x as an integer, chosen so that x / 2^e lies in [sqrt(1/2), sqrt(2)).
fn log_exponent_f32(x: f32) -> i32 {
  return bitcast<i32>(bitcast<u32>(x) - u32(0x3f3504f3)) >> u32(23);
}

fn log_ends_f32(x: f32, value: f32) -> f32 {
  let high = select(value, x, (x >= infinity_f32(x)) | any_nan_f32(x));
  let low = select(high, -infinity_f32(x), x == f32(0.0));
  return select(low, nan_f32(x), x < f32(0.0));
}

fn log_f32(x: f32) -> f32 {
  let tiny = x < f32(1.17549435e-38);
  let normal = select(x, x * f32(8388608.0), tiny);
  let e = log_exponent_f32(normal);
  let f = bitcast<f32>(bitcast<i32>(normal) - (e << u32(23))) - f32(1.0);
  return log_ends_f32(x, log_kernel_f32(f, f32(e) - select(f32(0.0), f32(23.0), tiny)));
}

// Within the kernel's range the argument is taken as it is: 1 + x would lose its low bits.
fn log1p_f32(x: f32) -> f32 {
  let sum = f32(1.0) + x;
  let near = (x > f32(-0.29)) & (x < f32(0.41));
  let e = select(log_exponent_f32(sum), i32(0), near);
  let f = select(bitcast<f32>(bitcast<i32>(sum) - (e << u32(23))) - f32(1.0), x, near);
  return log_ends_f32(sum, log_kernel_f32(f, f32(e)));
}

fn sigmoid_f32(x: f32) -> f32 {
  let value = f32(1.0) / (f32(1.0) + exp_within_f32(clamp(-x, f32(-88.0), f32(89.0))));
  return select(value, x, any_nan_f32(x));
}

// max(x, 0) + ln(1 + e^-|x|)
fn softplus_f32(x: f32) -> f32 {
  return select(max(x, f32(0.0)), x, any_nan_f32(x)) + log1p_f32(exp_within_f32(max(-abs(x), f32(-88.0))));
}

// (1 - e^-2|x|) / (1 + e^-2|x|): exactly 1 from |x| = 9.01 on, relative accuracy kept near 0.
fn tanh_f32(x: f32) -> f32 {
  let inside = max(f32(-2.0) * abs(x), f32(-20.0));
  let n = round(inside * f32(1.44269504));
  let power = bitcast<f32>((i32(n) + i32(127)) << u32(23));
  let t = expm1_kernel_f32(reduce_ln2_f32(inside, n)) * power + (power - f32(1.0));
  let size = -t / (f32(2.0) + t);
  return select(select(size, -size, x < f32(0.0)), x, any_nan_f32(x) | (abs(x) < f32(1e-7)));
}

fn sinh_f32(x: f32) -> f32 {
  let size = abs(x);
  let e = expm1_f32(min(size, f32(40.0)));
  let root = exp_f32(size * f32(0.5));
  let value = select(f32(0.5) * (e + e / (e + f32(1.0))), (f32(0.5) * root) * root, size > f32(30.0));
  return select(select(value, -value, x < f32(0.0)), x, any_nan_f32(x));
}

fn cosh_f32(x: f32) -> f32 {
  let root = exp_f32(abs(x) * f32(0.5));
  return (f32(0.5) * root) * root + f32(0.5) / (root * root);
}

fn asinh_f32(x: f32) -> f32 {
  let size = abs(x);
  let inside = min(size, f32(1e9));
  let square = inside * inside;
  let near = log1p_f32(inside + square / (f32(1.0) + sqrt(f32(1.0) + square)));
  let value = select(near, log_f32(size) + f32(0.693147181), size > f32(1e9));
  return select(select(value, -value, x < f32(0.0)), x, any_nan_f32(x));
}

fn acosh_f32(x: f32) -> f32 {
  let above = min(x, f32(1e9)) - f32(1.0);
  let near = log1p_f32(above + sqrt(max(above * (above + f32(2.0)), f32(0.0))));
  let value = select(near, log_f32(x) + f32(0.693147181), x > f32(1e9));
  return select(value, nan_f32(x), (x < f32(1.0)) | any_nan_f32(x));
}

fn atanh_f32(x: f32) -> f32 {
  let size = abs(x);
  let value = f32(0.5) * log1p_f32((size + size) / (f32(1.0) - size));
  let signed = select(value, -value, x < f32(0.0));
  let ends = select(signed, infinity_f32(x) * x, size == f32(1.0));
  return select(ends, nan_f32(x), (size > f32(1.0)) | any_nan_f32(x));
}

// Rational minimax fit of erf on [-4, 4] (Eigen, also XLA), odd over even; beyond, erf is 1 in float32.
fn erf_f32(x: f32) -> f32 {
  let inside = clamp(x, f32(-4.0), f32(4.0));
  let square = inside * inside;
  var p = f32(-2.72614225801306e-10);
  p = p * square + f32(2.77068142495902e-8);
  p = p * square + f32(-2.10102402082508e-6);
  p = p * square + f32(-5.69250639462346e-5);
  p = p * square + f32(-7.34990630326855e-4);
  p = p * square + f32(-2.95459980854025e-3);
  p = p * square + f32(-1.60960333262415e-2);
  var q = f32(-1.45660718464996e-5);
  q = q * square + f32(-2.13374055278905e-4);
  q = q * square + f32(-1.68282697438203e-3);
  q = q * square + f32(-7.37332916720468e-3);
  q = q * square + f32(-1.42647390514189e-2);
  return select(inside * p / q, x, any_nan_f32(x));
}

// Giles (2010), "Approximating the erfinv function", single precision: the polynomials that XLA uses.
fn erfinv_f32(x: f32) -> f32 {
  let w = -log1p_f32(-x * x);
  let a = w - f32(2.5);
  var p = f32(2.81022636e-08);
  p = p * a + f32(3.43273939e-07);
  p = p * a + f32(-3.5233877e-06);
  p = p * a + f32(-4.39150654e-06);
  p = p * a + f32(0.00021858087);
  p = p * a + f32(-0.00125372503);
  p = p * a + f32(-0.00417768164);
  p = p * a + f32(0.246640727);
  p = p * a + f32(1.50140941);
  let b = sqrt(max(w, f32(0.0))) - f32(3.0);
  var q = f32(-0.000200214257);
  q = q * b + f32(0.000100950558);
  q = q * b + f32(0.00134934322);
  q = q * b + f32(-0.00367342844);
  q = q * b + f32(0.00573950773);
  q = q * b + f32(-0.0076224613);
  q = q * b + f32(0.00943887047);
  q = q * b + f32(1.00167406);
  q = q * b + f32(2.83297682);
  let value = select(q, p, w < f32(5.0)) * x;
  let ends = select(value, infinity_f32(x) * x, abs(x) == f32(1.0));
  return select(ends, nan_f32(x), (abs(x) > f32(1.0)) | any_nan_f32(x));
}

// |x|^y = 2^(y e + y log2 m) with |x| = 2^e m: the whole part is split off before rounding can touch it.
fn pow_size_f32(x: f32, y: f32) -> f32 {
  let tiny = x < f32(1.17549435e-38);
  let normal = select(x, x * f32(8388608.0), tiny);
  let e = log_exponent_f32(normal);
  let f = bitcast<f32>(bitcast<i32>(normal) - (e << u32(23))) - f32(1.0);
  let whole = y * (f32(e) - select(f32(0.0), f32(23.0), tiny));
  let part = y * (log_kernel_f32(f, f32(0.0)) * f32(1.44269504));
  let n = round(clamp(whole + part, f32(-160.0), f32(160.0)));
  let rest = clamp((whole - n) + part, f32(-0.6), f32(0.6));
  return scale_f32(expm1_kernel_f32(rest * f32(0.693147181)) + f32(1.0), i32(n));
}

// C's pow: pow(x, 0) = pow(1, y) = 1; a negative base needs a whole exponent, whose parity gives the sign.
fn pow_f32(x: f32, y: f32) -> f32 {
  let size = abs(x);
  let infinity = infinity_f32(x);
  let rising = (size > f32(1.0)) == (y > f32(0.0));
  let extreme = (size == f32(0.0)) | (size == infinity) | (abs(y) == infinity);
  let limit = select(select(f32(0.0), infinity, rising), f32(1.0), size == f32(1.0));
  let value = select(pow_size_f32(size, y), limit, extreme);
  let whole = trunc(y) == y;
  let odd = whole & (abs(y) < f32(16777216.0)) & ((i32(clamp(y, f32(-16777216.0), f32(16777216.0))) & i32(1)) == i32(1));
  let negative = bitcast<i32>(x) < i32(0);
  let signed = select(value, -value, negative & odd);
  let checked = select(signed, nan_f32(x), negative & !whole & (size != f32(0.0)) & (size != infinity));
  let numbers = select(checked, nan_f32(x), any_nan_f32(x) | any_nan_f32(y));
  return select(numbers, f32(1.0), (y == f32(0.0)) | (x == f32(1.0)));
}

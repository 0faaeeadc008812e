// Number tests, exact comparisons, Python's division and conversions. Written without branches, every literal wrapped in its
// type, so that replacing f32 by vec4<f32> (and i32, u32, bool alike) gives the four-lane form of each function.

// A value from its bits. A call, because WGSL rejects constant expressions that give an infinity or NaN.
fn bits_f32(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

// WGSL may assume that NaN does not occur (x != x is false on SwiftShader): only the bits tell.
fn is_nan_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & u32(0x7fffffff)) > u32(0x7f800000);
}

fn is_inf_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & u32(0x7fffffff)) == u32(0x7f800000);
}

fn is_finite_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & u32(0x7f800000)) != u32(0x7f800000);
}

// The bit test decides x == x, which compilers fold to true; NaN against a number is left to the ordered comparison.
fn equal_f32(a: f32, b: f32) -> bool {
  return (a == b) & !is_nan_f32(a);
}

// Builtin max and min may drop a NaN; these return it.
fn max_f32(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, is_nan_f32(b)), a, is_nan_f32(a));
}

fn min_f32(a: f32, b: f32) -> f32 {
  return select(select(min(a, b), b, is_nan_f32(b)), a, is_nan_f32(a));
}

fn sign_f32(x: f32) -> f32 {
  return select(sign(x), x, is_nan_f32(x));
}

// Order-preserving keys for argmax: NaN above all, -0 equal to 0.
fn order_key_f32(x: f32) -> u32 {
  let bits = select(bitcast<u32>(x), u32(0), x == f32(0.0));
  let key = select(bits ^ u32(0x80000000), ~bits, bits >= u32(0x80000000));
  return select(key, u32(0xffffffff), is_nan_f32(x));
}

// The same for argmin: descending, NaN above all.
fn reverse_key_f32(x: f32) -> u32 {
  return select(~order_key_f32(x), u32(0xffffffff), is_nan_f32(x));
}

fn order_key_i32(x: i32) -> u32 {
  return bitcast<u32>(x) ^ u32(0x80000000);
}

fn reverse_key_i32(x: i32) -> u32 {
  return ~order_key_i32(x);
}

fn order_key_u32(x: u32) -> u32 {
  return x;
}

fn reverse_key_u32(x: u32) -> u32 {
  return ~x;
}

// The numbers that keys stand for.
fn order_value_f32(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key ^ u32(0x80000000), key >= u32(0x80000000)));
}

fn reverse_value_f32(key: u32) -> f32 {
  return order_value_f32(~key);
}

fn order_value_i32(key: u32) -> i32 {
  return bitcast<i32>(key ^ u32(0x80000000));
}

fn reverse_value_i32(key: u32) -> i32 {
  return order_value_i32(~key);
}

fn order_value_u32(key: u32) -> u32 {
  return key;
}

fn reverse_value_u32(key: u32) -> u32 {
  return ~key;
}

// Truncating remainder, exact for quotients below 2^12: the divisor is split so that both products with the quotient are exact
// (fma may round twice). The quotient may be one off after rounding: the remainder is moved back into [0, |b|).
fn remainder_f32(a: f32, b: f32) -> f32 {
  let x = abs(a);
  let y = abs(b);
  let quotient = trunc(x / y);
  let high = bitcast<f32>(bitcast<u32>(y) & u32(0xfffff000));
  let raw = (x - high * quotient) - (y - high) * quotient;
  let low = select(raw, raw + y, raw < f32(0.0));
  let inside = select(low, low - y, low >= y);
  let size = select(inside, x, quotient == f32(0.0));
  return select(size, -size, a < f32(0.0));
}

// Python's %: the sign of the divisor.
fn mod_f32(a: f32, b: f32) -> f32 {
  let r = remainder_f32(a, b);
  return select(r, r + b, (r != f32(0.0)) & ((r < f32(0.0)) != (b < f32(0.0))));
}

// Python's //, from the remainder so that a == b * (a // b) + a % b.
fn floor_div_f32(a: f32, b: f32) -> f32 {
  return select(round((a - mod_f32(a, b)) / b), a / b, b == f32(0.0));
}

fn mod_i32(a: i32, b: i32) -> i32 {
  let r = a % b;
  return select(r, r + b, (r != i32(0)) & ((r ^ b) < i32(0)));
}

fn floor_div_i32(a: i32, b: i32) -> i32 {
  let r = a % b;
  return select(a / b, a / b - i32(1), (r != i32(0)) & ((r ^ b) < i32(0)));
}

// By squaring; wraps like multiplication. A negative exponent gives 0 except for the bases 1 and -1.
fn pow_i32(base: i32, exponent: i32) -> i32 {
  var result = i32(1);
  var square = base;
  var rest = bitcast<u32>(max(exponent, i32(0)));
  for (var step = 0; step < 31; step++) {
    result = select(result, result * square, (rest & u32(1)) == u32(1));
    square = square * square;
    rest = rest >> u32(1);
  }
  let odd = (exponent & i32(1)) == i32(1);
  let inverse = select(select(i32(0), select(i32(1), i32(-1), odd), base == i32(-1)), i32(1), base == i32(1));
  return select(result, inverse, exponent < i32(0));
}

fn pow_u32(base: u32, exponent: u32) -> u32 {
  var result = u32(1);
  var square = base;
  var rest = exponent;
  for (var step = 0; step < 32; step++) {
    result = select(result, result * square, (rest & u32(1)) == u32(1));
    square = square * square;
    rest = rest >> u32(1);
  }
  return result;
}

// Truncating, saturating, NaN to 0. 2147483520 is the largest float32 below 2^31.
fn to_int_f32(x: f32) -> i32 {
  let inside = i32(clamp(x, f32(-2147483648.0), f32(2147483520.0)));
  return select(select(inside, i32(2147483647), x >= f32(2147483648.0)), i32(0), is_nan_f32(x));
}

fn to_uint_f32(x: f32) -> u32 {
  let inside = u32(clamp(x, f32(0.0), f32(4294967040.0)));
  return select(select(inside, u32(4294967295), x >= f32(4294967296.0)), u32(0), is_nan_f32(x));
}

// To the nearest float16, ties to even: 10 bits of mantissa, below 2^-14 steps of 2^-24, from 65520 on infinity; NaN stays. By bits:
// WGSL leaves the direction of its own conversions open, and drivers (Mesa's) drop a conversion to f16 and back.
fn half_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & u32(0x7fffffff);
  let normal = (size + u32(0xfff) + ((size >> u32(13)) & u32(1))) & u32(0xffffe000);
  let tiny = bitcast<u32>(round(abs(x) * f32(16777216.0)) * f32(5.9604644775390625e-8));
  let finite = select(normal, tiny, size < u32(0x38800000));
  let value = select(finite, u32(0x7f800000), size >= u32(0x477ff000));
  return bitcast<f32>(select(value, size, size > u32(0x7f800000)) | (bits & u32(0x80000000)));
}

// The 16 bits of the nearest float16.
fn half_word_f32(x: f32) -> u32 {
  let near = half_f32(x);
  let bits = bitcast<u32>(near);
  let size = bits & u32(0x7fffffff);
  let normal = (size - u32(0x38000000)) >> u32(13);
  let finite = select(normal, u32(abs(near) * f32(16777216.0)), size < u32(0x38800000));
  let whole = select(finite, u32(0x7c00), size == u32(0x7f800000));
  return select(whole, u32(0x7e00), size > u32(0x7f800000)) | ((bits >> u32(16)) & u32(0x8000));
}

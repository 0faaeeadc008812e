// Threefry 2x32-20 (Salmon et al. 2011; the generator of JAX). Unrolled: indexable arrays cost a factor 9 here.

struct Words_u32 {
  first: u32,
  second: u32,
}

fn rotate_u32(x: u32, distance: u32) -> u32 {
  return (x << distance) | (x >> (u32(32) - distance));
}

fn even_rounds_u32(words: Words_u32) -> Words_u32 {
  var x = words.first + words.second;
  var y = rotate_u32(words.second, u32(13)) ^ x;
  x = x + y;
  y = rotate_u32(y, u32(15)) ^ x;
  x = x + y;
  y = rotate_u32(y, u32(26)) ^ x;
  x = x + y;
  y = rotate_u32(y, u32(6)) ^ x;
  return Words_u32(x, y);
}

fn odd_rounds_u32(words: Words_u32) -> Words_u32 {
  var x = words.first + words.second;
  var y = rotate_u32(words.second, u32(17)) ^ x;
  x = x + y;
  y = rotate_u32(y, u32(29)) ^ x;
  x = x + y;
  y = rotate_u32(y, u32(16)) ^ x;
  x = x + y;
  y = rotate_u32(y, u32(24)) ^ x;
  return Words_u32(x, y);
}

fn threefry_u32(key0: u32, key1: u32, counter0: u32, counter1: u32) -> Words_u32 {
  let key2 = key0 ^ key1 ^ u32(0x1bd11bda);
  let a = even_rounds_u32(Words_u32(counter0 + key0, counter1 + key1));
  let b = odd_rounds_u32(Words_u32(a.first + key1, a.second + key2 + u32(1)));
  let c = even_rounds_u32(Words_u32(b.first + key2, b.second + key0 + u32(2)));
  let d = odd_rounds_u32(Words_u32(c.first + key0, c.second + key1 + u32(3)));
  let e = even_rounds_u32(Words_u32(d.first + key1, d.second + key2 + u32(4)));
  return Words_u32(e.first + key2, e.second + key0 + u32(5));
}

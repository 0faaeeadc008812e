/** @file A growing byte buffer with the number formats of WebAssembly binaries. */

const encoder = /* @__PURE__ */ new TextEncoder();

export class Bytes {
  #data = new Uint8Array(256);
  #length = 0;
  readonly #float = new DataView(new ArrayBuffer(8));

  get length(): number {
    return this.#length;
  }

  /** What was written so far; valid until the next write. */
  get data(): Uint8Array<ArrayBuffer> {
    return this.#data.subarray(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#data.length) this.#grow(1);
    this.#data[this.#length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    this.#grow(values.length);
    this.#data.set(values, this.#length);
    this.#length += values.length;
  }

  /** LEB128, unsigned. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 127) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Overwrites five bytes at `at` with an unsigned number. */
  patch(at: number, value: number): void {
    for (let i = 0; i < 5; i++) this.#data[at + i] = ((value >>> (7 * i)) & 127) | (i < 4 ? 128 : 0);
  }

  /** LEB128, signed. */
  i32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 127) | 128);
      rest >>= 7;
    }
    this.byte(rest & 127);
  }

  f32(value: number): void {
    this.#float.setFloat32(0, value, true);
    for (let i = 0; i < 4; i++) this.byte(this.#float.getUint8(i));
  }

  f64(value: number): void {
    this.#float.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.byte(this.#float.getUint8(i));
  }

  /** A length in bytes, then UTF-8. */
  name(text: string): void {
    const encoded = encoder.encode(text);
    this.u32(encoded.length);
    this.bytes(encoded);
  }

  /** `content` behind its length. */
  sized(content: Bytes): void {
    this.u32(content.length);
    this.bytes(content.data);
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#data.length) return;
    const grown = new Uint8Array(Math.max(this.#length + more, this.#data.length * 2));
    grown.set(this.data);
    this.#data = grown;
  }
}

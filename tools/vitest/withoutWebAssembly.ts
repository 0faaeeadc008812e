/** Set-up of the ring `javascript`: the cpu backend finds no SIMD and computes with JavaScript block loops. */
import { pretendSupport } from "@tenrec/kernels/testing";

pretendSupport({ simd: false, relaxed: false, reason: "this test pretends that WebAssembly has no SIMD" });

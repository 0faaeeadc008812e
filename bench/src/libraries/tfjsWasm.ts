// TensorFlow.js's WebAssembly backend with its files; which of them it takes, and how many threads, is its own choice.
import script from "@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js?url";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threadedSimd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";

// Its workers run the text of a function, which a bundler's minifier ties to names outside of it: the script as published does.
const scope = globalThis as unknown as { tf: Record<string, unknown> };
scope.tf = { ...tf };
await import(/* @vite-ignore */ script);
const { setWasmPaths } = scope.tf.wasm as typeof import("@tensorflow/tfjs-backend-wasm");

setWasmPaths({
  "tfjs-backend-wasm.wasm": plain,
  "tfjs-backend-wasm-simd.wasm": simd,
  "tfjs-backend-wasm-threaded-simd.wasm": threadedSimd,
});

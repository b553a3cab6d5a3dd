"use strict";

/** Start TensorFlow.js on its WebAssembly kernels, which are in tfjs/wasm-simd.js: nothing is fetched from anywhere. */
async function startTensorFlow() {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // the kernels are those of one thread
  if (!(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) {
    throw new Error("This page needs WebAssembly with SIMD, which browsers have had since 2023: update the browser.");
  }
  const kernels = ["tfjs-backend-wasm", "tfjs-backend-wasm-simd", "tfjs-backend-wasm-threaded-simd"];
  tf.setWasmPaths(Object.fromEntries(kernels.map((name) => [`${name}.wasm`, WASM_SIMD])));
  await tf.setBackend("wasm");
  await tf.ready();
}

// The smallest set of TensorFlow.js that can train: operations, their gradients, and the WebAssembly kernels.
import "@tensorflow/tfjs-core/dist/register_all_gradients";
export * from "@tensorflow/tfjs-core";
export { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

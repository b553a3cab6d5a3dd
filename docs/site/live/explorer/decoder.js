"use strict";

// A decoder of the course, layer by layer, under PyTorch's names. PyTorch has images as (N, channels, height, width),
// TensorFlow.js as (N, height, width, channels).

/** The numbers of an exported tensor, as a typed array. */
function numbersOf({ float32, uint8 }) {
  const bytes = Uint8Array.from(atob(float32 ?? uint8), (letter) => letter.charCodeAt(0));
  return float32 ? new Float32Array(bytes.buffer) : bytes;
}

/** The rows of an exported matrix, a typed array each. */
function rowsOf(exported) {
  const numbers = numbersOf(exported);
  const size = numbers.length / exported.shape[0];
  return Array.from({ length: exported.shape[0] }, (_, i) => numbers.subarray(i * size, (i + 1) * size));
}

function tensorOf(exported) {
  return tf.tensor(numbersOf(exported), exported.shape);
}

const LAYERS = {
  Linear(layer) {
    const [weight, bias] = [tensorOf(layer.weight), tensorOf(layer.bias)];
    return (x) => tf.add(tf.matMul(x, weight, false, true), bias);
  },
  Unflatten({ shape }) {
    return (x) => tf.transpose(tf.reshape(x, [-1, ...shape]), [0, 2, 3, 1]);
  },
  Conv2d(layer) {
    const filter = tf.tidy(() => tf.transpose(tensorOf(layer.weight), [2, 3, 1, 0]));
    const bias = tensorOf(layer.bias);
    return (x) => tf.add(tf.conv2d(x, filter, 1, "same"), bias);
  },
  BatchNorm2d(layer) {
    const names = ["running_mean", "running_var", "bias", "weight"];
    const numbers = names.map((name) => tensorOf(layer[name]));
    return (x) => tf.batchNorm(x, ...numbers, layer.eps);
  },
  SiLU() {
    return (x) => tf.mul(x, tf.sigmoid(x));
  },
  PixelShuffle({ factor }) {
    return (x) => {
      const [n, height, width, wide] = x.shape;
      const narrow = wide / factor ** 2;
      const blocks = tf.reshape(x, [n, height, width, narrow, factor, factor]);
      const inPlace = tf.transpose(blocks, [0, 1, 4, 2, 5, 3]);
      return tf.reshape(inPlace, [n, height * factor, width * factor, narrow]);
    };
  },
};

/** Turns codes z into pictures. */
class Decoder {
  /** @param layers exported layers, in their order */
  constructor(layers) {
    this.layers = layers.map((layer) => LAYERS[layer.kind](layer));
  }

  /** The pixels of the codes' pictures, in [0, 1], 784 for each. @param {Float32Array[]} codes */
  decode(codes) {
    return tf.tidy(() => {
      const z = tf.stack(codes.map((code) => tf.tensor1d(code)));
      const output = this.layers.reduce((x, layer) => layer(x), z);
      return tf.sigmoid(output).dataSync();
    });
  }
}

"use strict";

// Fully connected networks, with the layers and the first weights of course_utils/networks.py.

// The gradient of a matrix product, with its transposes as steps of their own: the kernels multiply a matrix that is
// read transposed in plain loops, ten times as slowly.
tf.registerGradient({
  kernelName: tf.BatchMatMul,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, [a, b]) => ({
    a: () => tf.matMul(dy, tf.transpose(b)),
    b: () => tf.matMul(tf.transpose(a), dy),
  }),
});

/** x above 0, 0.2 x below; its gradient has a gradient, which the penalties need. */
const leakyRelu = tf.customGrad((x, save) => {
  save([x]);
  return { value: tf.leakyRelu(x, 0.2), gradFunc: (dy, [x]) => tf.mul(dy, tf.step(x, 0.2)) };
});

/** Layers of the given sizes with an activation between them: x (N, sizes[0]) to (N, last of sizes). */
class Network {
  constructor(sizes, activation, random) {
    this.activation = activation;
    this.layers = [];
    for (let i = 0; i + 1 < sizes.length; i++) {
      const [from, to] = [sizes[i], sizes[i + 1]];
      const bound = 1 / Math.sqrt(from); // as PyTorch draws the first weights of a linear layer
      const draw = (n) => Float32Array.from({ length: n }, () => bound * (2 * random.uniform() - 1));
      const first = { weight: tf.tensor2d(draw(from * to), [from, to]), bias: tf.tensor1d(draw(to)) };
      this.layers.push({ weight: tf.variable(first.weight), bias: tf.variable(first.bias) });
      tf.dispose(first);
    }
  }

  get variables() {
    return this.layers.flatMap(({ weight, bias }) => [weight, bias]);
  }

  forward(x) {
    this.layers.forEach(({ weight, bias }, i) => {
      x = tf.add(tf.matMul(x, weight), bias);
      if (i + 1 < this.layers.length) x = this.activation(x);
    });
    return x;
  }

  dispose() {
    tf.dispose(this.variables);
  }
}

"""Recognise handwritten digits with TensorFlow's MultiWorkerMirroredStrategy.

The strategy reads TF_CONFIG, which a TFJob gives to each of its workers, and mirrors the variables
on all of them. The training loop is a custom one: Keras 3 cannot `fit` under this strategy. Without
TF_CONFIG it trains with one process.

    arena submit tfjob --workers 4 "python examples/tensorflow_mwms/train.py"
"""

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # this example is for the CPU

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits


class Net(tf.Module):
    """One hidden layer of 64 units."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self.first = tf.Variable(rng.normal(0, 0.18, (64, 64)).astype("float32"))
        self.bias = tf.Variable(tf.zeros(64))
        self.second = tf.Variable(rng.normal(0, 0.18, (64, 10)).astype("float32"))
        self.shift = tf.Variable(tf.zeros(10))

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Scores of the ten digits, one row an image."""
        return tf.nn.relu(images @ self.first + self.bias) @ self.second + self.shift


def digits(batch: int, seed: int) -> tf.data.Dataset:
    """1,797 images of 8 x 8 pixels in 0..1 with their labels, endlessly, in batches."""
    data = load_digits()
    pairs = ((data.data / 16.0).astype("float32"), data.target.astype("int64"))
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    whole = tf.data.Dataset.from_tensor_slices(pairs).shuffle(1797, seed=seed)
    return whole.repeat().batch(batch, drop_remainder=True).with_options(options)


def train(strategy: tf.distribute.Strategy, options: argparse.Namespace) -> list[float]:
    """Train; the mean loss of each epoch, the same on every worker."""
    with strategy.scope():
        net = Net(options.seed)

    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(images))
            loss = tf.nn.compute_average_loss(each, global_batch_size=options.batch)
        slopes = tape.gradient(loss, net.trainable_variables)
        slopes = tf.distribute.get_replica_context().all_reduce("sum", slopes)
        for variable, slope in zip(net.trainable_variables, slopes, strict=True):
            variable.assign_sub(options.rate * slope)
        return loss

    @tf.function
    def together(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return strategy.reduce("sum", strategy.run(step, args=(images, labels)), axis=None)

    feed = iter(strategy.experimental_distribute_dataset(digits(options.batch, options.seed)))
    losses = []
    for epoch in range(1, options.epochs + 1):
        each = [together(*next(feed)) for _ in range(1797 // options.batch)]
        losses.append(float(tf.reduce_mean(each)))
        print(f"epoch {epoch:2d}/{options.epochs}  loss {losses[-1]:.4f}", flush=True)
    return losses


def main() -> int:
    """Train and judge: 0 when the loss fell to a quarter, else 1."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits with TensorFlow.")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the images (default 6)")
    parser.add_argument("--batch", type=int, default=64, help="images a step, over all workers (default 64)")
    parser.add_argument("--rate", type=float, default=0.5, help="learning rate (default 0.5)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the batches (default 1)")
    options = parser.parse_args()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    place = strategy.cluster_resolver
    print(f"worker {place.task_id or 0} of {strategy.num_replicas_in_sync} is ready", flush=True)
    losses = train(strategy, options)
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}", flush=True)
    return 0 if losses[-1] < losses[0] / 4 else 1


if __name__ == "__main__":
    sys.exit(main())

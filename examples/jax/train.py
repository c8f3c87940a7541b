"""Recognise handwritten digits with JAX on several processes (CPU).

An ordinary multi-process program: `jax.distributed.initialize` gets what a JAXJob tells each of its
workers, COORDINATOR_ADDRESS, COORDINATOR_PORT, NUM_PROCESSES and PROCESS_ID. Batches are sharded over
the processes, weights are on all of them; the compiler puts the sum of gradients in. It ends with an
error when the loss did not fall or the processes do not hold the same weights.

    arena submit jaxjob --workers 4 "python examples/jax/train.py"
"""

import argparse
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from sklearn.datasets import load_digits

Weights = dict[str, jax.Array]


def start(seed: int) -> Weights:
    """The weights of a network with one hidden layer."""
    first, second = jax.random.split(jax.random.key(seed))
    return {
        "into": jax.random.normal(first, (64, 64)) / 8,
        "bias": jnp.zeros(64),
        "out": jax.random.normal(second, (64, 10)) / 8,
    }


def loss(weights: Weights, images: jax.Array, labels: jax.Array) -> jax.Array:
    """The mean cross entropy of a batch."""
    hidden = jax.nn.relu(images @ weights["into"] + weights["bias"])
    chances = jax.nn.log_softmax(hidden @ weights["out"])
    return -jnp.mean(chances[jnp.arange(len(labels)), labels])


def train(options: argparse.Namespace) -> tuple[Weights, list[float]]:
    """Train; the weights and the loss of each epoch."""
    mesh = Mesh(jax.devices(), ("data",))
    everywhere, apart = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), ("data",)))

    @jax.jit
    def step(weights: Weights, images: jax.Array, labels: jax.Array) -> tuple[Weights, jax.Array]:
        value, slope = jax.value_and_grad(loss)(weights, images, labels)
        return jax.tree.map(lambda weight, part: weight - options.rate * part, weights, slope), value

    data = load_digits()
    share = options.batch // jax.process_count()
    weights = jax.device_put(jax.tree.map(np.asarray, start(options.seed)), everywhere)
    chance = np.random.default_rng(options.seed)  # the same batches in every process, which takes its share
    losses = []
    for epoch in range(1, options.epochs + 1):
        order = chance.permutation(len(data.target))
        values = []
        for begin in range(0, len(order) - options.batch + 1, options.batch):
            mine = order[begin + share * jax.process_index() :][:share]
            images = (data.data[mine] / 16).astype(np.float32)
            batch = (
                jax.make_array_from_process_local_data(apart, part) for part in (images, data.target[mine])
            )
            weights, value = step(weights, *batch)
            values.append(float(value))
        losses.append(sum(values) / len(values))
        if jax.process_index() == 0:
            print(f"epoch {epoch:2d}/{options.epochs}  loss {losses[-1]:.4f}", flush=True)
    return weights, losses


def agree(weights: Weights) -> bool:
    """Whether every process holds the same weights, bit for bit."""
    mine = np.concatenate([np.asarray(part).ravel() for part in weights.values()])
    return all(np.array_equal(mine, other) for other in multihost_utils.process_allgather(mine, tiled=False))


def main() -> int:
    """Train and judge: 0 when the loss fell to a quarter and the processes agree, else 1."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits with JAX.")
    parser.add_argument("--epochs", type=int, default=12, help="passes over the images (default 12)")
    parser.add_argument("--batch", type=int, default=64, help="images a step, of all processes (default 64)")
    parser.add_argument("--rate", type=float, default=0.3, help="learning rate (default 0.3)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the batches (default 1)")
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    if "COORDINATOR_ADDRESS" in os.environ:  # else there is no job around it: one process
        jax.distributed.initialize(
            f"{os.environ['COORDINATOR_ADDRESS']}:{os.environ['COORDINATOR_PORT']}",
            int(os.environ["NUM_PROCESSES"]),
            int(os.environ["PROCESS_ID"]),
        )
    print(f"process {jax.process_index()} of {jax.process_count()} is ready", flush=True)
    weights, losses = train(options)
    same, fell = agree(weights), losses[-1] < losses[0] / 4
    ends = f"loss {losses[0]:.4f} -> {losses[-1]:.4f}"
    print(f"process {jax.process_index()}: processes agree {same}, {ends}", flush=True)
    return 0 if same and fell else 1


if __name__ == "__main__":
    sys.exit(main())

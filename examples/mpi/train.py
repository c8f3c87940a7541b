"""Recognise handwritten digits with MPI: the ranks that mpirun starts add up their gradients.

An MPIJob runs `mpirun` in its launcher, with the workers' addresses in a hostfile. Needs mpi4py and
an MPI library (Debian: openmpi-bin, libopenmpi-dev). Without mpirun it trains with one process.

    arena submit mpijob --workers 4 "mpirun -np 4 python examples/mpi/train.py"
"""

import argparse
import sys

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray
from sklearn.datasets import load_digits

Array = NDArray[np.float64]


def gradient(weights: Array, images: Array, labels: NDArray[np.int64], size: int) -> tuple[Array, float]:
    """What these images add to the gradient and to the loss of a softmax regression over `size` images."""
    scores = images @ weights
    slope = np.exp(scores - scores.max(axis=1, keepdims=True))
    slope /= slope.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(-np.log(slope[rows, labels] + 1e-12).sum())
    slope[rows, labels] -= 1
    return images.T @ slope / size, loss / size


def train(comm: MPI.Comm, options: argparse.Namespace) -> tuple[Array, float]:
    """Train by gradient descent on all images; the weights and their accuracy, 0 to 1."""
    data = load_digits()
    images = np.hstack([data.data / 16.0, np.ones((len(data.target), 1))])  # the last column is the bias
    labels = data.target
    mine = slice(comm.rank, None, comm.size)
    weights, total = np.zeros((65, 10)), np.empty((65, 10))
    for step in range(1, options.steps + 1):
        slope, loss = gradient(weights, images[mine], labels[mine], len(labels))
        comm.Allreduce(slope, total)
        weights -= options.rate * total
        loss = comm.allreduce(loss)
        if comm.rank == 0 and step % (options.steps // 10 or 1) == 0:
            print(f"step {step:3d}/{options.steps}  loss {loss:.4f}", flush=True)
    return weights, float(((images @ weights).argmax(axis=1) == labels).mean())


def main() -> int:
    """Train and judge: 0 when nine digits in ten are recognised and the ranks agree, else 1."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits with MPI.")
    parser.add_argument("--steps", type=int, default=200, help="steps of gradient descent (default 200)")
    parser.add_argument("--rate", type=float, default=2.0, help="learning rate (default 2)")
    options = parser.parse_args()
    comm = MPI.COMM_WORLD
    print(f"rank {comm.rank} of {comm.size} is ready on {MPI.Get_processor_name()}", flush=True)
    weights, score = train(comm, options)
    same = all(digest == weights.tobytes() for digest in comm.allgather(weights.tobytes()))
    print(f"rank {comm.rank}: ranks agree {same}, accuracy {score:.4f}", flush=True)
    return 0 if same and score >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())

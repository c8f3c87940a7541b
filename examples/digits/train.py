"""Recognise handwritten digits: one hidden layer, trained by any number of processes together.

Every rank holds the same weights and takes its share of each batch. In each step rank 0 collects
the gradients, adds them up and sends the sum back, so that all ranks take the same step: the one
that a single process would have taken. They meet at MASTER_ADDR:MASTER_PORT, where a PyTorchJob
puts rank 0; nothing but numpy and TCP sockets is needed. Alone, without those variables, it trains
with one process:

    python examples/digits/train.py

With two, on this machine or on a cluster:

    arena submit pytorchjob --workers 2 "python examples/digits/train.py"
"""

import argparse
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

Array = NDArray[np.float64]
Weights = list[Array]

HELLO = struct.Struct("!8sII")  # magic, rank, world size
MAGIC = b"digits\x00\x01"
LENGTH = struct.Struct("!Q")
PATIENCE = 60.0  # seconds to wait for the other ranks, at the start and in each step


class Peers:
    """The other ranks: a star of TCP connections with rank 0 in the middle."""

    def __init__(self, rank: int, world: int, host: str, port: int) -> None:
        self.rank, self.world = rank, world
        if world == 1:
            self.links: list[socket.socket] = []
        elif rank == 0:
            self.links = accept(world, port)
        else:
            self.links = [dial(rank, world, host, port)]

    def sum(self, array: Array) -> Array:
        """The sum of every rank's `array`, bit for bit the same on all of them."""
        if not self.links:
            return array
        if self.rank:
            send(self.links[0], array.tobytes())
            return np.frombuffer(receive(self.links[0])).reshape(array.shape)
        total = array.copy()
        for link in self.links:
            total += np.frombuffer(receive(link)).reshape(array.shape)
        for link in self.links:
            send(link, total.tobytes())
        return total

    def leave(self) -> None:
        """Rank 0 ends last: a PyTorchJob is over, and its workers are cleaned away, when rank 0 ends."""
        if self.rank == 0:
            for link in self.links:
                with suppress(OSError):
                    link.recv(1)  # nothing comes any more but the end


def accept(world: int, port: int) -> list[socket.socket]:
    """Rank 0: wait until every other rank has connected; their sockets by rank."""
    links: dict[int, socket.socket] = {}
    deadline = time.monotonic() + PATIENCE
    with socket.create_server(("", port), backlog=world) as server:
        while len(links) < world - 1:
            server.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                link, _ = server.accept()
            except TimeoutError:
                sys.exit(f"rank 0 waited {PATIENCE:.0f} s, {len(links) + 1} of {world} ranks came")
            link.settimeout(PATIENCE)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                magic, rank, size = HELLO.unpack(exactly(link, HELLO.size))
            except (ConnectionError, TimeoutError):
                continue  # whoever it was is gone
            if (magic, size) == (MAGIC, world) and 0 < rank < world:
                links[rank] = link
            else:
                link.close()  # a stranger, or a rank of another job
    return [links[rank] for rank in sorted(links)]


def dial(rank: int, world: int, host: str, port: int) -> socket.socket:
    """Every other rank: connect to rank 0, which may start later than we do."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            link = socket.create_connection((host, port), timeout=PATIENCE)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(HELLO.pack(MAGIC, rank, world))
            return link
        except OSError as error:  # refused, or the name is not known yet
            if time.monotonic() > deadline:
                sys.exit(f"rank {rank} cannot reach rank 0 at {host}:{port}: {error}")
            time.sleep(0.1)


def send(link: socket.socket, data: bytes) -> None:
    """Send one message: its length, then its bytes."""
    link.sendall(LENGTH.pack(len(data)) + data)


def receive(link: socket.socket) -> bytes:
    """Receive one message."""
    return exactly(link, LENGTH.unpack(exactly(link, LENGTH.size))[0])


def exactly(link: socket.socket, size: int) -> bytes:
    """Read `size` bytes, however they arrive."""
    data = bytearray()
    while len(data) < size:
        piece = link.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise ConnectionError("another rank left before the end")
        data += piece
    return bytes(data)


def digits() -> tuple[Array, NDArray[np.int64], Array, NDArray[np.int64]]:
    """1,797 images of 8 x 8 pixels in 0..1 and their labels: 1,437 to train with, 360 to test with."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images, labels = data.data[order] / 16.0, data.target[order]
    return images[:1437], labels[:1437], images[1437:], labels[1437:]


def fresh(hidden: int, seed: int) -> Weights:
    """The weights to start from; the same seed gives every rank the same ones."""
    rng = np.random.default_rng(seed)
    return [
        rng.normal(0, np.sqrt(2 / 64), (64, hidden)),
        np.zeros(hidden),
        rng.normal(0, np.sqrt(2 / hidden), (hidden, 10)),
        np.zeros(10),
    ]


def forward(weights: Weights, images: Array) -> tuple[Array, Array]:
    """The hidden layer's output and the probability of each digit, both with one row an image."""
    first, bias, second, shift = weights
    hidden = np.maximum(images @ first + bias, 0)
    scores = hidden @ second + shift
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, powers / powers.sum(axis=1, keepdims=True)


def gradient(weights: Weights, images: Array, labels: NDArray[np.int64], size: int) -> Array:
    """What these images add to the gradient of a batch of `size`, in one row, and to its loss, the last."""
    hidden, slope = forward(weights, images)
    rows = np.arange(len(labels))
    loss = -np.log(slope[rows, labels] + 1e-12).sum() / size
    slope[rows, labels] -= 1
    slope /= size
    back = (slope @ weights[2].T) * (hidden > 0)
    parts = [images.T @ back, back.sum(axis=0), hidden.T @ slope, slope.sum(axis=0)]
    return np.concatenate([*(part.ravel() for part in parts), [loss]])


def split(row: Array, like: Weights) -> Weights:
    """Cut one long row into arrays of the shapes of `like`."""
    cuts = np.cumsum([part.size for part in like])[:-1]
    return [piece.reshape(part.shape) for piece, part in zip(np.split(row, cuts), like, strict=True)]


def accuracy(weights: Weights, images: Array, labels: NDArray[np.int64]) -> float:
    """The share of `images` that is recognised, 0 to 1."""
    return float((forward(weights, images)[1].argmax(axis=1) == labels).mean())


class Board:
    """TensorBoard's event files, by TensorBoard's own writer; writes nothing without a folder."""

    def __init__(self, logdir: str | None) -> None:
        self.writer = None
        if logdir:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            self.writer = EventFileWriter(logdir)

    def add(self, step: int, **scalars: float) -> None:
        """Write one point of each curve."""
        if self.writer is None:
            return
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self.writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))
        self.writer.flush()

    def close(self) -> None:
        """Finish the file."""
        if self.writer is not None:
            self.writer.close()


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The numbers 0..count-1 in random order, `size` at a time."""
    order = rng.permutation(count)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


def train(options: argparse.Namespace, peers: Peers) -> float:
    """Train; the accuracy on images that were never shown."""
    images, labels, test_images, test_labels = digits()
    weights = fresh(options.hidden, options.seed)
    speed = [np.zeros_like(part) for part in weights]
    shuffle = np.random.default_rng(options.seed)
    board = Board(options.logdir if peers.rank == 0 else None)
    score = 0.0
    for epoch in range(1, options.epochs + 1):
        losses = []
        # Every rank draws the same batches and takes each world-th image of them.
        for batch in batches(len(labels), options.batch, shuffle):
            mine = batch[peers.rank :: peers.world]
            slope = peers.sum(gradient(weights, images[mine], labels[mine], len(batch)))
            losses.append(slope[-1])
            for part, pace, step in zip(weights, speed, split(slope[:-1], weights), strict=True):
                pace *= options.momentum
                pace -= options.rate * step
                part += pace
        score = accuracy(weights, test_images, test_labels)
        loss = float(np.mean(losses))
        board.add(epoch, loss=loss, accuracy=score)
        if peers.rank == 0:
            print(f"epoch {epoch:2d}/{options.epochs}  loss {loss:.4f}  accuracy {score:.4f}", flush=True)
    board.close()
    return score


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits, with several processes.")
    parser.add_argument("--epochs", type=int, default=15, help="passes over the images (default 15)")
    parser.add_argument("--batch", type=int, default=64, help="images a step, over all ranks (default 64)")
    parser.add_argument("--rate", type=float, default=0.05, help="learning rate (default 0.05)")
    parser.add_argument("--momentum", type=float, default=0.9, help="momentum (default 0.9)")
    parser.add_argument("--hidden", type=int, default=64, help="width of the hidden layer (default 64)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the batches (default 1)")
    parser.add_argument("--target", type=float, default=0.9, help="accuracy to reach (default 0.9)")
    parser.add_argument("--logdir", help="folder for TensorBoard's event files")
    return parser.parse_args()


def main() -> int:
    """Train and judge: 0 when the target was reached, else 1."""
    options = parse()
    peers = Peers(
        rank=int(os.environ.get("RANK", "0")),
        world=int(os.environ.get("WORLD_SIZE", "1")),
        host=os.environ.get("MASTER_ADDR", "127.0.0.1"),
        port=int(os.environ.get("MASTER_PORT", "29500")),
    )
    print(f"rank {peers.rank} of {peers.world} is ready", flush=True)
    score = train(options, peers)
    print(f"rank {peers.rank} ends with accuracy {score:.4f}, target {options.target}", flush=True)
    peers.leave()
    return 0 if score >= options.target else 1


if __name__ == "__main__":
    sys.exit(main())

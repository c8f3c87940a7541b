"""Recognise handwritten digits with trees that several processes grow together (XGBoost).

The first replica of an XGBoostJob, the master, runs the tracker at MASTER_ADDR and MASTER_PORT; it and
the workers meet there, and each grows the trees by its own part of the images: RANK and WORLD_SIZE say
which. It ends with an error when the trees err too often or the ranks do not hold the same ones.

    arena submit xgboostjob --workers 4 "python examples/xgboost/train.py"
"""

import argparse
import hashlib
import os
import socket
import sys
from contextlib import ExitStack

import numpy as np
import xgboost
from sklearn.datasets import load_digits
from xgboost import collective
from xgboost.tracker import RabitTracker


def gather(stack: ExitStack, rank: int, world: int) -> RabitTracker | None:
    """Meet the others; the tracker, in the rank that runs it."""
    host, port = socket.gethostbyname(os.environ["MASTER_ADDR"]), int(os.environ["MASTER_PORT"])
    tracker = None
    if rank == 0:
        tracker = RabitTracker(n_workers=world, host_ip=host, port=port)
        tracker.start()
    where = {"dmlc_tracker_uri": host, "dmlc_tracker_port": port, "dmlc_task_id": f"{rank:05}"}
    stack.enter_context(collective.CommunicatorContext(**where, dmlc_retry=50))
    return tracker


def train(options: argparse.Namespace, rank: int, world: int) -> tuple[xgboost.Booster, float]:
    """Train on this rank's part; the trees, and the part of all images that they get wrong."""
    data = load_digits()
    mine = slice(rank, None, world)
    part = xgboost.DMatrix(data.data[mine], data.target[mine])
    settings = {"objective": "multi:softmax", "num_class": 10, "max_depth": options.depth, "nthread": 1}
    trees = xgboost.train(settings, part, num_boost_round=options.rounds)
    wrong = np.array([np.sum(trees.predict(part) != data.target[mine]), len(data.target[mine])], dtype=float)
    missed, seen = collective.allreduce(wrong, collective.Op.SUM) if world > 1 else wrong
    return trees, missed / seen


def agree(trees: xgboost.Booster, world: int) -> bool:
    """Whether every rank holds the same trees, bit for bit."""
    mine = np.frombuffer(hashlib.sha256(trees.save_raw()).digest(), dtype=np.uint8).astype(float)
    return world == 1 or bool(np.all(collective.allreduce(mine, collective.Op.MAX) == mine))


def main() -> int:
    """Train and judge: 0 when at most 2 % are wrong and the ranks agree, else 1."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits with XGBoost.")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of boosting (default 8)")
    parser.add_argument("--depth", type=int, default=4, help="depth of a tree (default 4)")
    options = parser.parse_args()
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    with ExitStack() as stack:
        tracker = gather(stack, rank, world) if world > 1 else None
        print(f"rank {rank} of {world} is ready", flush=True)
        trees, wrong = train(options, rank, world)
        same = agree(trees, world)
        print(f"rank {rank}: ranks agree {same}, {wrong:.2%} wrong", flush=True)
    if tracker:
        tracker.wait_for()
    return 0 if same and wrong <= 0.02 else 1


if __name__ == "__main__":
    sys.exit(main())

"""LightGBM trains over all instances of an XGBoostJob, by the variables of the training operator."""

import re
from pathlib import Path

import pytest
from pages import ROOT, blocks
from product import Product

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]

SETTINGS = next(one.text for one in blocks(ROOT / "docs/frameworks.md") if one.file == "start_lightgbm.py")
LIST = '''
"""Resolves hosts and lists them with the one port of all workers, as Kubeflow's example does."""
import os, socket

env = os.environ
pairs = [(env["MASTER_ADDR"], env["MASTER_PORT"])]
pairs += [(one, env["WORKER_PORT"]) for one in env["WORKER_ADDRS"].split(",")]
own = env["WORKER_PORT" if int(env["RANK"]) else "MASTER_PORT"]
settings = {
    "tree_learner": "data",
    "machines": ",".join(f"{socket.gethostbyname(host)}:{port}" for host, port in pairs),
    "num_machines": int(env["WORLD_SIZE"]),
    "local_listen_port": int(own),
}
'''
TRAIN = """
import hashlib, lightgbm, numpy

rank, size = int(env["RANK"]), int(env["WORLD_SIZE"])
# Each has rows of its own: who trained alone would grow other trees.
rows = numpy.random.default_rng(rank).random((400, 2))
data = lightgbm.Dataset(rows, rows[:, 0] * 3 - rows[:, 1] ** 2)
model = lightgbm.train({**settings, "num_threads": 1, "verbose": -1}, data, 20)
trees = model.model_to_string().partition("parameters:")[0]
print(f"rank {rank} of {size} grew {hashlib.sha256(trees.encode()).hexdigest()}", flush=True)
"""


@pytest.mark.parametrize(("program", "workers"), [(LIST, 2), (SETTINGS, 2), (SETTINGS, 4)])
def test_all_train_together(arena: Product, program: str, workers: int) -> None:
    """Ranks with different data grow the same trees, by the page's settings or a list of Kubeflow's kind."""
    pytest.importorskip("lightgbm", reason="NO LIGHTGBM HERE: pip install lightgbm")
    Path(arena.home / "train.py").write_text(program + TRAIN, encoding="utf-8")
    words = ("--name", "trees", "--workers", str(workers), "--clean-task-policy", "None", "--logs")
    out = arena.must("submit", "xgboostjob", *words, "python train.py", seconds=200)
    grown = dict(re.findall(rf"rank (\d) of {workers} grew (\w+)", out))
    assert sorted(grown) == [str(rank) for rank in range(workers)]
    assert len(set(grown.values())) == 1

"""One TensorBoard shows all trials of a sweep, with their hyperparameters."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from product import Product, browser, product, quoted, until

from arena.resources import DEPLOYMENTS

PROGRAM = """
import sys, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

lr, logdir = float(sys.argv[1]), sys.argv[2]
writer = EventFileWriter(logdir)
writer.add_event(Event(wall_time=time.time(), summary=hparams_pb({"lr": lr}, trial_id=logdir)))
for step in range(3):
    value = Summary.Value(tag="loss", simple_value=lr * step)
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
writer.close()
print(f"loss={lr}")
"""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all."""
    with product(tmp_path_factory.mktemp("boards")) as made:
        (made.home / "train.py").write_text(PROGRAM, encoding="utf-8")
        yield made


@pytest.mark.parametrize("engine", ["katib", "foreground"])
def test_all_trials_side_by_side(arena: Product, engine: str) -> None:
    """One TensorBoard has a run and the hyperparameters of each trial; without Katib, any trial keeps it."""
    logs = str(arena.home / engine)
    line = quoted(arena.python, arena.home / "train.py") + f" {{lr}} {quoted(logs)}/{{trial}}"
    arena.must(
        "sweep", "submit", "job", "--name", engine, "--param", "lr=1,2,4", "--algorithm", "grid", "--engine",
        engine, "--metric", "loss:min", "--tensorboard", "--logdir", logs, "--wait", line,
    )  # fmt: skip
    boards = [one["metadata"]["name"] for one in arena.cluster().list(DEPLOYMENTS, "default")]
    assert len([one for one in boards if one.startswith(engine)]) == 1
    link, opener = arena.must("tensorboard", engine, "--no-open").strip(), browser()
    with opener.open(link, timeout=20) as answer:
        folder = answer.url.partition("?")[0].rstrip("/")
    trials = json.loads(arena.must("sweep", "get", engine, "-o", "json"))["trials"]

    def asked(path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{folder}/data/{path}", data, {"Content-Type": "application/json"})
        with opener.open(request, timeout=20) as answer:
            return json.load(answer)

    until(lambda: len(asked("runs")) == 3)
    assert sorted(asked("runs")) == sorted(one["name"] for one in trials)
    wanted = {"experimentName": "", "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_RUNNING"], "sliceSize": 9}
    found = asked("plugin/hparams/session_groups", wanted)["sessionGroups"]
    assert sorted(one["hparams"]["lr"] for one in found) == [1, 2, 4]
    if engine == "foreground":
        arena.must("delete", f"{engine}-1")
        assert arena.must("tensorboard", engine, "--no-open").strip() == link
    arena.must("sweep", "delete", engine)
    assert arena.run("tensorboard", engine, "--no-open").code == 3

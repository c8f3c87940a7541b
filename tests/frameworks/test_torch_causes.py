"""Causes of failures that torch itself prints, with `arena why`."""

import json
import re

import pytest
from product import Product, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]
MEET = """
import os, sys, time, datetime
import torch.distributed as dist
if os.environ["RANK"] == "1":
    time.sleep(600)
dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=3))
"""
LOAD = """
import os, signal
from torch.utils.data import DataLoader, Dataset
class Killed(Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, at):
        os.kill(os.getpid(), signal.SIGKILL)
for batch in DataLoader(Killed(), num_workers=1):
    pass
"""
TRUNCATED = """
import os, torch
torch.save({"model": torch.zeros(1000)}, "last.pt")
os.truncate("last.pt", 1500)
torch.load("last.pt")
"""
GPU = "import torch; torch.zeros(1, device='cuda')"
LAYERS = """
import torch
torch.nn.Linear(2, 3).load_state_dict(torch.nn.Linear(2, 4).state_dict())
"""


@pytest.mark.parametrize(
    ("name", "code", "words", "cause", "shown"),
    [
        ("meet", MEET, ("--workers", "2"), "rendezvous.timeout", r"1/2 clients joined"),
        ("load", LOAD, (), "oom.host", r"DataLoader worker .* killed by signal: Killed"),
        ("truncated", TRUNCATED, (), "checkpoint.bad", r"PytorchStreamReader failed"),
        (
            "gpu",
            GPU,
            (),
            "gpu.invisible",
            r"Torch not compiled with CUDA|No CUDA GPUs|Found no NVIDIA driver",
        ),
        ("layers", LAYERS, (), "checkpoint.bad", r"loading state_dict for Linear"),
    ],
    ids=["meet", "load", "truncated", "gpu", "layers"],
)
def test_cause(arena: Product, name: str, code: str, words: tuple[str, ...], cause: str, shown: str) -> None:
    """The cause is found in what torch prints, with the line that shows it."""
    arena.submit(name, code, *words)
    until(lambda: arena.jobs()[name] == "FAILED", what="the failure")
    told = json.loads(arena.must("why", name, "-o", "json"))
    assert told["cause"] == cause, told
    assert any(re.search(shown, one["text"]) for one in told["evidence"]), told["evidence"]

"""Command lines of sweeps: for each algorithm that Katib has, and for each kind that it can run."""

from arena import kinds
from arena.kinds.sweeps.trial_job import UNKNOWN
from arena.search.algorithms import ALGORITHMS

SPACES = {
    "grid": ("--param", "lr=uniform:0..1:0.25", "--param", "layers=int:1..3"),
    "hyperband": ("--param", "lr=log:1e-5..1e-1", "--param", "layers=int:1..9",
                  "--algorithm-setting", "r_l=9", "--algorithm-setting", "resource_name=layers",
                  "--parallel", "9", "--max-trials", "20"),
}  # fmt: skip
SPACE = ("--param", "lr=log:1e-5..1e-1", "--param", "layers=int:1..8", "--max-trials", "30")
COMMAND = "python train.py --lr {lr} --layers {layers}"
KATIBS = [one.name for one in ALGORITHMS.values() if one.katib]
ABLE = [one.name for one in kinds.training_kinds() if one.name not in UNKNOWN]

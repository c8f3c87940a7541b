"""Search the best settings of a classifier of handwritten digits with Ray.

An ordinary Ray program: it joins the cluster that `RAY_ADDRESS` names, as every RayJob has one, and
tries each setting as a task, spread over the nodes. It ends with an error when no setting is good.

    arena submit rayjob --worker-replicas 2 "python examples/ray/train.py"
"""

import argparse
import sys

import ray
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC


@ray.remote(num_cpus=1, scheduling_strategy="SPREAD")
def trial(gamma: float) -> tuple[float, str]:
    """The mean accuracy with one setting, and the node that found it."""
    images, labels = load_digits(return_X_y=True)
    score = cross_val_score(SVC(gamma=gamma), images, labels, cv=3).mean()
    return float(score), ray.get_runtime_context().get_node_id()


def main() -> None:
    """Try all settings and print the best."""
    parser = argparse.ArgumentParser(description="Search the best settings of a classifier of digits.")
    parser.add_argument("--wanted", type=float, default=0.9, help="accuracy that is good enough")
    wanted = parser.parse_args().wanted
    ray.init(address="auto")
    nodes = [node for node in ray.nodes() if node["Alive"]]
    print(f"{len(nodes)} nodes are ready", flush=True)
    settings = [10**-power for power in (5, 4, 3, 2, 1, 0)]
    found = ray.get([trial.remote(gamma) for gamma in settings])
    for gamma, (score, node) in zip(settings, found, strict=True):
        print(f"gamma {gamma:g}: {score:.3f} on {node[:8]}")
    best, gamma = max((score, gamma) for (score, _), gamma in zip(found, settings, strict=True))
    print(f"best gamma {gamma:g}: {best:.3f}, by {len({node for _, node in found})} nodes", flush=True)
    sys.exit(0 if best >= wanted else f"no setting reaches {wanted}")


if __name__ == "__main__":
    main()

"""Recognise handwritten digits with PyTorch's DistributedDataParallel over gloo (CPU).

An ordinary DDP program: `init_process_group` reads RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT,
which a PyTorchJob gives to each of its replicas. It ends with an error when the loss did not fall or
the ranks do not hold the same weights.

    arena submit pytorchjob --workers 4 "python examples/torch_ddp/train.py"
"""

import argparse
import os
import sys

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def digits() -> TensorDataset:
    """1,797 images of 8 x 8 pixels in 0..1, with their labels."""
    data = load_digits()
    return TensorDataset(
        torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target, dtype=torch.int64)
    )


def average(value: float) -> float:
    """The mean of `value` over all ranks."""
    total = torch.tensor([value])
    dist.all_reduce(total)
    return total.item() / dist.get_world_size()


def train(options: argparse.Namespace) -> tuple[DistributedDataParallel, list[float]]:
    """Train; the model and the mean loss of each epoch over all ranks."""
    data = digits()
    sampler = DistributedSampler(data, seed=options.seed)
    loader = DataLoader(data, batch_size=options.batch // dist.get_world_size(), sampler=sampler)
    torch.manual_seed(options.seed)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)))
    optimizer = torch.optim.SGD(model.parameters(), lr=options.rate, momentum=0.9)
    losses = []
    for epoch in range(1, options.epochs + 1):
        sampler.set_epoch(epoch)
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()  # DDP averages the gradients here
            optimizer.step()
            total += loss.item()
        losses.append(average(total / len(loader)))
        if dist.get_rank() == 0:
            print(f"epoch {epoch:2d}/{options.epochs}  loss {losses[-1]:.4f}", flush=True)
    return model, losses


def agree(model: nn.Module) -> bool:
    """Whether every rank holds the same weights, bit for bit."""
    mine = torch.cat([part.detach().flatten() for part in model.parameters()])
    theirs = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(theirs, mine)
    return all(torch.equal(mine, other) for other in theirs)


def main() -> int:
    """Train and judge: 0 when the loss fell to a quarter and the ranks agree, else 1."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits with PyTorch DDP.")
    parser.add_argument("--epochs", type=int, default=8, help="passes over the images (default 8)")
    parser.add_argument("--batch", type=int, default=64, help="images a step, over all ranks (default 64)")
    parser.add_argument("--rate", type=float, default=0.1, help="learning rate (default 0.1)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the batches (default 1)")
    options = parser.parse_args()
    alone = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
    for name, value in alone.items():  # without a job around it: one process
        os.environ.setdefault(name, value)
    dist.init_process_group("gloo")
    print(f"rank {dist.get_rank()} of {dist.get_world_size()} is ready", flush=True)
    model, losses = train(options)
    same, fell = agree(model), losses[-1] < losses[0] / 4
    print(f"rank {dist.get_rank()}: ranks agree {same}, loss {losses[0]:.4f} -> {losses[-1]:.4f}", flush=True)
    dist.destroy_process_group()
    return 0 if same and fell else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A thread of Gloo outlives its group. If it needs Python's lock while Python ends, the process aborts.
    os._exit(code)

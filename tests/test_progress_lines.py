"""Progress is read from what trainers print."""

import time

import pytest

from arena.progress_lines import read

TQDM = " 43%|████▎     | 43/100 [00:12<00:16,  3.50it/s, loss=0.31]"


@pytest.mark.parametrize(
    ("lines", "share", "what", "left", "metrics"),
    [
        ([TQDM], 0.43, "step 43/100", 16, {"loss": 0.31}),
        (["  0%|   | 0/10 [00:00<?, ?it/s]\r 50%|##  | 5/10 [00:01<00:01]"], 0.5, "step 5/10", 1, {}),
        (["Downloading: 12%|#2   | 1.20k/10.0k [00:00<01:02:03, 9kB/s]"], 0.12, "step 1200/10000", 3723, {}),
        ([f"Epoch 3/10: {TQDM.strip()}"], 0.243, "epoch 3/10, step 43/100", None, {"loss": 0.31}),
        # Lightning says only which epoch it is.
        (["Epoch 3: 50%|█████     | 50/100 [00:10<00:10,  5.00it/s, v_num=0, train_loss=0.25]"],
         0.5, "step 50/100", 10, {"train_loss": 0.25}),
        (["Epoch 3/9  ━━━━━━━━━━━━━━━━ 43/100 0:00:12 • 0:00:16 3.5it/s v_num: 0.000 train_loss: 0.3"],
         0.27, "epoch 3/9, step 43/100", None, {"train_loss": 0.3}),
        # Keras 2 and 3
        (["Epoch 2/4", " 43/100 [=====>........] - ETA: 12s - loss: 0.3012 - accuracy: 0.9134"],
         0.3575, "epoch 2/4, step 43/100", None, {"loss": 0.3012, "accuracy": 0.9134}),
        (["Epoch 2/4", "\x1b[1m43/100\x1b[0m \x1b[32m━━━━━━\x1b[0m\x1b[37m━━━\x1b[0m \x1b[1m1s\x1b[0m"
          " 18ms/step - accuracy: 0.91 - loss: 0.3"],
         0.3575, "epoch 2/4, step 43/100", None, {"accuracy": 0.91, "loss": 0.3}),
        (["Epoch 1/4", "100/100 [==============================] - 1s - loss: 1.0", "Epoch 2/4"],
         0.5, "epoch 2/4", None, {"loss": 1.0}),
        (["epoch 3/10 loss=0.5"], 0.3, "epoch 3/10", None, {"loss": 0.5}),
        (["Epoch [3/10], Step [200/600], Loss: 0.2745"],
         0.2 + 1 / 30, "epoch 3/10, step 200/600", None, {"Loss": 0.2745}),
        (["step 5 of 100: loss 0.1"], 0.05, "step 5/100", None, {}),
        (["{'loss': 0.52, 'grad_norm': 1.5, 'learning_rate': 4e-05, 'epoch': 1.2}"],
         None, "", None, {"loss": 0.52, "grad_norm": 1.5, "learning_rate": 4e-05}),
    ],
)  # fmt: skip
def test_forms(lines, share, what, left, metrics):
    """The forms of tqdm, rich, Keras, Lightning, PyTorch's examples and transformers are understood."""
    found = read(lines)
    assert found is not None
    assert found.share == (None if share is None else pytest.approx(share))
    assert (found.what, found.seconds_left, dict(found.metrics)) == (what, left, metrics)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "12:30:45 started",
        "see docs/epoch",
        "epoch 11/10",
        "step 3/0",
        "100% sure",
        "http://x:80/a",
        "\r\r\n",
    ],
)
def test_what_tells_nothing(line):
    """Other text is not taken for progress."""
    assert read([line]) is None


def test_the_last_counts():
    """Progress goes on with what was printed last, and only the newest values are kept."""
    lines = [f"epoch {n}/10 loss={n}.5 a{n}=1" for n in range(1, 11)]
    found = read(lines)
    assert found is not None
    assert (found.what, found.metrics["loss"], len(found.metrics)) == ("epoch 10/10", 10.5, 8)


def test_hostile_lines_take_no_time():
    """Lines that nearly match are read in linear time, and long ones at their end only."""
    began = time.monotonic()
    for piece in ("1%|", "━", "9", "epoch ", "[", "a:", "1/", " ", "step 1/"):
        read([piece * 100_000] * 20)
    assert time.monotonic() - began < 5

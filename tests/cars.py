"""A program that trains a model for `modelserver.py`: `python cars.py first|second FOLDER`.

It learns the stopping distance of cars (feet) from their speed (miles an hour) by least squares: the first
model with an intercept, the second without one.
"""

import json
import os
import sys

# M. Ezekiel, Methods of Correlation Analysis, 1930; `cars` of R.
SPEED = (
    *(4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15),
    *(15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25),
)
DISTANCE = (
    *(2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26),
    *(54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85),
)
ROW = (1, 20)
"""Twenty miles an hour."""
ANSWERS = (61.06908, 58.18264)
"""What the coefficients -17.57909 and 3.93241, or 2.90913 alone, say of it: R's `lm(dist ~ speed)`."""


def main() -> None:
    """Train."""
    which, folder = sys.argv[1:]
    pairs = list(zip(SPEED, DISTANCE, strict=True))
    x, y = sum(SPEED) / len(pairs), sum(DISTANCE) / len(pairs)
    slope = sum((a - x) * (b - y) for a, b in pairs) / sum((a - x) ** 2 for a in SPEED)
    through_zero = sum(a * b for a, b in pairs) / sum(a * a for a in SPEED)
    weights = [y - slope * x, slope] if which == "first" else [0, through_zero]
    os.makedirs(folder)
    with open(os.path.join(folder, "model.json"), "w", encoding="utf-8") as file:
        json.dump({"weights": weights}, file)


if __name__ == "__main__":
    main()

"""Pixels of images, for models that take numbers."""

from __future__ import annotations

import io
from typing import Any

from arena.actions.serving.inputs import Input
from arena.actions.serving.tensors import Tensor
from arena.errors import SpecError

_CHANNELS = (1, 3, 4)
_INSTALL = "pip install pillow, or give the pixels as JSON"


def pixels(tensor: Tensor, given: Input) -> Any:
    """The pixels of an image as nested lists of 0 to 255, as the shape of the input asks for them.

    These are rows of pixels (H, W, C), planes (C, H, W) or grey values (H, W); 1, 3 and 4 channels are grey,
    RGB and RGBA. Nothing is scaled: if the size is wrong, the check of the shape says so.

    Raises:
        SpecError: Pillow is missing, it cannot read the image, or the input takes no images.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as cause:
        raise SpecError(
            f'input "{tensor.name}" takes numbers, and Pillow is not installed', _INSTALL
        ) from cause
    dimensions, planes, channels = _layout(tensor)
    try:
        with Image.open(io.BytesIO(given.raw or b"")) as image:
            converted = image.convert({1: "L", 4: "RGBA"}.get(channels, "RGB"))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as cause:
        raise SpecError(f"the image cannot be read: {cause}", "give a PNG or JPEG file") from cause
    return _nested(converted, dimensions, planes)


def _layout(tensor: Tensor) -> tuple[int, bool, int]:
    """Dimensions of an image, whether they begin with its channels, and the number of these."""
    shape = (-1, -1, -1, 3) if tensor.shape is None else tensor.shape
    last = shape[-3:]
    if len(last) == 3 and last[2] in _CHANNELS:
        return 3, False, last[2]
    if len(last) == 3 and last[0] in _CHANNELS:
        return 3, True, last[0]
    if len(last) == 3 and last[2] == -1:
        return 3, False, 3
    if len(shape) in (2, 3):
        return 2, False, 1
    raise SpecError(f'input "{tensor.name}" takes {tensor}, which is no image', "give JSON")


def _nested(image: Any, dimensions: int, planes: bool) -> Any:
    width, height = image.size
    depth = len(image.getbands())
    data = image.tobytes()
    starts = range(0, len(data), depth)
    pixels = [list(data[start : start + depth]) for start in starts]
    rows = [pixels[start : start + width] for start in range(0, width * height, width)]
    if dimensions == 2:
        return [[pixel[0] for pixel in row] for row in rows]
    if planes:
        return [[[pixel[channel] for pixel in row] for row in rows] for channel in range(depth)]
    return rows

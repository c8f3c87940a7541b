"""What a server answered."""

from typing import Any

from arena.values import frozen


@frozen
class Prediction:
    """The answer of a model to one input."""

    answer: Any
    """What the model says: the predictions, the outputs, or a text."""
    body: str
    """The whole body of the answer; of a streamed one, its text."""
    seconds: float
    """From sending the request to the last byte of the answer."""
    url: str
    """The URL of the server, without the path of the request."""
    protocol: str
    model: str = ""
    """The name of the model; "" if requests name none."""
    is_json: bool = True
    """Whether `body` is JSON."""
    first_token: float | None = None
    """Seconds to the first piece of a streamed text."""
    tokens: int | None = None
    """The number of tokens of a text; None if the server does not count them."""
    remark: str = ""
    """What the user should know of the way to the server; "" if nothing."""

"""Answers of models as text and as data."""

import json
from datetime import datetime
from typing import Any

from arena import visible
from arena.model.predictions import Prediction
from arena.views.benchmarks import short
from arena.views.noun import Noun


def text(one: Prediction) -> str:
    """What the model says: a text as it is, a list with an item on each line, tensors by their names."""
    answer = one.answer
    if isinstance(answer, str):
        return visible.page(answer)
    if isinstance(answer, list) and answer and all(isinstance(x, dict) and "datatype" in x for x in answer):
        return "\n".join(map(_tensor, answer))
    if isinstance(answer, list):
        return "\n".join(map(_line, answer))
    return _line(answer)


def _line(data: Any) -> str:
    return visible.line(json.dumps(data, ensure_ascii=False))


def _tensor(data: dict[str, Any]) -> str:
    head = f"{data.get('name')} {data.get('shape')} {data.get('datatype')}"
    return visible.line(f"{head}: {json.dumps(data.get('data'), ensure_ascii=False)}")


def raw(one: Prediction) -> str:
    """The body of the answer as the server sent it, with control characters as escapes of JSON."""
    return visible.json(one.body) if one.is_json else visible.json(json.dumps(one.body, ensure_ascii=False))


def timing(one: Prediction) -> str:
    """One line about how long it took."""
    parts = [f"answered in {short(one.seconds)}"]
    if one.first_token is not None:
        parts.append(f"first token after {short(one.first_token)}")
    if one.tokens:
        parts.append(f"{one.tokens} tokens")
    where = one.protocol + (f", model {one.model}" if one.model else "")
    return f"{', '.join(parts)} ({where})"


def data(one: Prediction, now: datetime) -> dict[str, Any]:
    """The prediction as plain data."""
    return {
        "answer": one.answer,
        "seconds": one.seconds,
        "firstTokenSeconds": one.first_token,
        "tokens": one.tokens,
        "url": one.url,
        "protocol": one.protocol,
        "model": one.model,
    }


PREDICTIONS: Noun[Prediction] = Noun(
    plural="predictions",
    columns=(),
    data=data,
    page=lambda one, now: text(one),
    name=lambda one: one.url,
)

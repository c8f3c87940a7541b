"""Predictions of servers that speak as the known engines do."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import engines
import pytest
from engines import Engine

from arena.actions.serving.predict import predict
from arena.actions.serving.servers import Server
from arena.errors import ArenaError, NotAllowed, NotFound, SpecError, TimedOut, Unreachable
from arena.model.predictions import Prediction
from arena.session import connect

ROWS = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
VALUES = [one for row in ROWS for one in row]
Ask = Callable[..., Prediction]


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, Any]], Engine]]:
    """Start an engine for the test."""
    started: list[Engine] = []

    def start(routes: dict[str, Any]) -> Engine:
        started.append(Engine(routes))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Send an input to an engine."""

    def call(
        engine: Engine, input: object, tell: Callable[[str], object] | None = None, **how: Any
    ) -> Prediction:
        how = {"url": engine.url, **how}
        return predict(connect(environ={}, folder=tmp_path), Server(**how), input, tell)

    return call


def tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def test_an_array_for_kserve(serve, ask):
    """V1 is found by asking, the model by its list, and an array becomes the instances."""
    engine = serve(engines.kserve())
    found = ask(engine, "[[1, 2], [3, 4]]")
    assert (found.answer, found.protocol, found.model, found.url) == ([3, 7], "v1", "digits", engine.url)
    assert engine.last.data == {"instances": [[1, 2], [3, 4]]}
    assert json.loads(found.body) == {"predictions": [3, 7]}
    assert 0 < found.seconds < 10


def test_a_chosen_protocol(serve, ask):
    """With --protocol v2, the same server gets a tensor; one without a description is inferred."""
    found = ask(serve(engines.kserve()), ROWS, protocol="v2")
    [output] = found.answer
    assert output == {"name": "input-0-out", "shape": [2, 4], "datatype": "FP64", "data": VALUES}


def test_the_metadata_gives_names_shapes_and_types(serve, ask):
    """A model that describes its input gets it by name, in its datatype; a single row becomes a batch."""
    engine = serve(engines.triton(tensor("x", "FP32", -1, 4)))
    assert ask(engine, ROWS).answer[0] == {
        "name": "x-out", "shape": [2, 4], "datatype": "FP32", "data": VALUES
    }  # fmt: skip
    assert ask(engine, "[1, 2, 3, 4]").answer[0]["shape"] == [1, 4]
    assert ask(engine, {"x": ROWS}).answer[0]["shape"] == [2, 4]


@pytest.mark.parametrize(
    ("input", "message"),
    [
        ("[[1, 2, 3], [4, 5, 6]]", 'input "x" takes [-1, 4] FP32; got [2, 3]'),
        ("[[1, 2, 3, 4], [5]]", "the rows of the input differ: row 0 has the shape [4], row 1 has [1]"),
        ('[[1, 2, 3, "four"]]', 'input "x" takes [-1, 4] FP32; got the text "four" (value 3)'),
        ("[[1, 2, 3, null]]", 'input "x" takes [-1, 4] FP32; got null (value 3)'),
        ("[[true, 2, 3, 4]]", 'input "x" takes [-1, 4] FP32; got the boolean true'),
        ("7", 'input "x" takes [-1, 4] FP32; got [1]'),
        ('{"y": [[1]]}', 'the input "x" is missing'),
        ('{"x": [[1, 2, 3, 4]], "y": 1}', 'the model has no input "y"'),
        ("[[1, 2", "the input is not JSON"),
        ("", "the input is not JSON"),
        ('{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}',
         'input "x" takes [-1, 4] FP32; got [1, 3]'),
        ('{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "INT8", "data": [1, 2, 3, 4]}]}',
         'input "x" takes [-1, 4] FP32; got [1, 4] INT8'),
        ('{"inputs": [{"name": "z", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}',
         'the model has no input "z"'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_sent(serve, ask, input, message):
    """An input that the model's metadata excludes is refused with what the model takes, before it is sent."""
    engine = serve(engines.triton(tensor("x", "FP32", -1, 4)))
    with pytest.raises(SpecError) as caught:
        ask(engine, input)
    assert message in caught.value.message
    assert all("infer" not in one.path for one in engine.asked)


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("UINT8", [0, 255], [-1, 256, 1.5]),
        ("INT8", [-128, 127], [-129, 128]),
        ("INT64", [2**63 - 1], [2**63, 0.5, "1"]),
        ("BOOL", [True], [1, "true"]),
        ("BYTES", ["a"], [1, None]),
        ("FP64", [1, 1.5], [False, "1"]),
    ],
)
def test_datatypes(serve, ask, datatype, good, bad):
    """Each datatype takes its own values and ranges, and nothing else."""
    engine = serve(engines.triton(tensor("x", datatype, -1)))
    assert ask(engine, good).answer[0]["data"] == good
    for one in bad:
        with pytest.raises(SpecError, match=f"takes \\[-1\\] {datatype}; got "):
            ask(engine, [one])


def test_several_inputs(serve, ask):
    """A model with several inputs takes an object with their names, and says so to who gives an array."""
    engine = serve(engines.triton(tensor("a", "INT64", 2), tensor("b", "BYTES", 1)))
    found = ask(engine, '{"b": ["hi"], "a": [1, 2]}')
    assert [one["name"] for one in found.answer] == ["b-out", "a-out"]
    with pytest.raises(SpecError, match=r'several inputs: "a" \[2\] INT64, "b" \[1\] BYTES'):
        ask(engine, "[1, 2]")


def test_half_precision_goes_as_bytes(serve, ask):
    """FP16, which JSON cannot hold, is sent as bytes to a server that takes them, else refused."""
    routes = engines.triton(tensor("x", "FP16", -1))
    found = ask(serve(routes), [0.5, -2.0])
    assert found.answer[0] == {"name": "x-out", "shape": [2], "datatype": "FP16", "data": [0.5, -2.0]}
    routes["GET /v2"] = (200, {"name": "other", "version": "1", "extensions": []})
    with pytest.raises(SpecError, match="which JSON cannot hold"):
        ask(serve(routes), [0.5])


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def test_images(serve, ask):
    """An image reaches each engine in the form that it reads, byte for byte."""
    image = png(3, 2)
    text = base64.b64encode(image).decode()
    found = ask(serve(engines.triton(tensor("image", "BYTES", -1))), image)
    assert found.answer[0] == {"name": "image-out", "shape": [1], "datatype": "BYTES", "data": [text]}
    found = ask(serve(engines.torchserve()), image, model="net")
    assert found.answer == {"type": "image/png", "length": len(image)}
    assert ask(serve(engines.seldon()), image).answer == text
    engine = serve(engines.tf_serving())
    ask(engine, image, model="net")
    assert engine.last.data == {"instances": [{"b64": text}]}
    engine = serve(engines.openai("a cat"))
    ask(engine, image)
    [part] = engine.last.data["messages"][0]["content"]
    assert part["image_url"]["url"] == f"data:image/png;base64,{text}"


def test_images_as_numbers(serve, ask):
    """A model that takes numbers gets the pixels, in its order of dimensions; a wrong size is named."""
    pytest.importorskip("PIL", reason="arena does not need Pillow")
    found = ask(serve(engines.triton(tensor("x", "UINT8", -1, 2, 3, 3))), png(3, 2))
    assert found.answer[0]["shape"] == [1, 2, 3, 3]
    assert found.answer[0]["data"] == [128] * 18
    assert ask(serve(engines.triton(tensor("x", "FP32", -1, 3, -1, -1))), png(3, 2)).answer[0]["shape"] == [
        1,
        3,
        2,
        3,
    ]
    assert ask(serve(engines.triton(tensor("x", "FP32", -1, 2, 5))), png(5, 2)).answer[0]["shape"] == [
        1,
        2,
        5,
    ]
    with pytest.raises(SpecError, match=r"takes \[-1, 224, 224, 3\] FP32; got \[2, 3, 3\]"):
        ask(serve(engines.triton(tensor("x", "FP32", -1, 224, 224, 3))), png(3, 2))


def test_tf_serving(serve, ask):
    """TF Serving's metadata gives the shape; its model must be named, since it lists none."""
    engine = serve(engines.tf_serving())
    assert ask(engine, ROWS, model="net").answer == ROWS
    assert ask(engine, [1, 2, 3, 4], model="net").answer == [[1, 2, 3, 4]]
    assert ask(engine, '{"x": [1, 2, 3, 4]}', model="net").answer == [{"x": [1, 2, 3, 4]}]
    for wrong in ([[1, 2]], {"x": [1, 2]}):
        with pytest.raises(SpecError, match=r'input "x" takes \[-1, 4\] FP32; got \[1, 2\]'):
            ask(engine, wrong, model="net")
    with pytest.raises(SpecError, match="does not tell the name of its model"):
        ask(engine, ROWS)


def test_torchserve(serve, ask):
    """TorchServe's handlers get JSON as JSON and text as text."""
    engine = serve(engines.torchserve())
    assert ask(engine, '{"a": 1}', model="net").answer == {"type": "application/json", "length": 8}
    assert ask(engine, "some text", model="net").answer["type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("input", "body", "answer"),
    [
        ("[[1, 2]]", {"data": {"ndarray": [[1, 2]]}}, [[1, 2]]),
        ("some text", {"strData": "some text"}, "some text"),
        ('{"a": 1}', {"jsonData": {"a": 1}}, {"a": 1}),
        ('{"data": {"ndarray": [1]}}', {"data": {"ndarray": [1]}}, [1]),
    ],
)
def test_seldon(serve, ask, input, body, answer):
    """Seldon gets the form that fits the input, and the answer is the data."""
    engine = serve(engines.seldon())
    assert ask(engine, input).answer == answer
    assert engine.last.data == body


def test_a_failure_of_seldon(serve, ask):
    """An answer with a status of 200 that reports a failure is an error with Seldon's words."""
    failed = {"status": {"code": -1, "info": "no such node", "status": "FAILURE"}, "data": {"ndarray": []}}
    engine = serve({**engines.seldon(), "POST /api/v1.0/predictions": (200, failed)})
    with pytest.raises(ArenaError, match="no such node"):
        ask(engine, [1])


def test_a_text_for_a_language_model(serve, ask):
    """A text is what the user says; the answer is the model's text, with the server's count of tokens."""
    engine = serve(engines.openai("Hello", " there"))
    found = ask(engine, "Say hello.", max_tokens=5)
    assert (found.answer, found.tokens, found.model, found.protocol) == ("Hello there", 4, "tiny", "openai")
    assert json.loads(found.body)["choices"]
    assert engine.last.data == {
        "model": "tiny", "messages": [{"role": "user", "content": "Say hello."}],
        "stream": False, "max_tokens": 5,
    }  # fmt: skip


def test_a_stream_is_told_as_it_comes(serve, ask):
    """With `tell`, pieces come one by one, however the network cuts them, and the first is timed."""
    pieces: list[str] = []
    found = ask(serve(engines.openai("Grüß", " Gott", "!")), "Hi", pieces.append)
    assert pieces == ["Grüß", " Gott", "!"]
    assert (found.answer, found.tokens) == ("Grüß Gott!", 6)
    assert found.first_token is not None
    assert 0 < found.first_token <= found.seconds


def test_completions(serve, ask):
    """A body with a prompt goes to the older protocol; with --protocol completions, so does a text."""
    engine = serve(engines.openai("ok"))
    assert ask(engine, '{"prompt": "Once", "n": 1}').answer == "ok"
    assert (engine.last.path, engine.last.data["prompt"]) == ("/v1/completions", "Once")
    pieces: list[str] = []
    assert ask(engine, "Once", pieces.append, protocol="completions").answer == "ok" == "".join(pieces)


def test_language_models_in_kserve(serve, ask):
    """KServe has the paths of OpenAI below a prefix, which is found."""
    routes = {key.replace(" /", " /openai/"): route for key, route in engines.openai("ok").items()}
    found = ask(serve(routes), "Hi", protocol="openai")
    assert (found.answer, found.model) == ("ok", "tiny")


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (b'data: {"error": {"message": "out of memory"}}\n\ndata: [DONE]\n\n', "answer: out of memory$"),
        (b"", "broke off"),
        (b"data: nonsense\n\n", "not JSON"),
    ],
)
def test_streams_that_fail(serve, ask, last, why):
    """A stream that ends early, or with an error, is an error, not a short answer."""
    begin = b'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\n'
    routes = {
        **engines.openai(),
        "POST /v1/chat/completions": lambda asked: (200, iter([begin, last or b":\n"])),
    }
    with pytest.raises(ArenaError, match=why):
        ask(serve(routes), "Hi", lambda piece: None)


@pytest.mark.parametrize(
    ("status", "said", "error", "message"),
    [
        (
            404,
            {"detail": "Model with name m does not exist."},
            NotFound,
            "answers 404: Model with name m does not",
        ),
        (400, {"error": "expected 64 features"}, SpecError, "answers 400: expected 64 features"),
        (
            422,
            {"detail": [{"loc": ["body", "x"], "msg": "field required"}]},
            SpecError,
            "body.x: field required",
        ),
        (401, {"error": {"message": "invalid key"}}, NotAllowed, "answers 401: invalid key"),
        (500, {"code": 500, "type": "E", "message": "worker died"}, ArenaError, "answers 500: worker died"),
        (503, b"<html>busy</html>", Unreachable, "answers 503"),
        (307, b"", ArenaError, "redirects"),
    ],
)
def test_errors_of_engines(serve, ask, status, said, error, message):
    """Each refusal is an error of its class, with the engine's own words, whatever their form."""
    engine = serve({**engines.kserve(), "POST /v1/models/digits:predict": (status, said)})
    with pytest.raises(error) as caught:
        ask(engine, [[1]])
    assert type(caught.value) is error
    assert message in caught.value.message
    assert "digits" in caught.value.message


@pytest.mark.parametrize(("status", "error"), [(401, NotAllowed), (503, Unreachable)])
def test_servers_that_answer_nobody(serve, ask, status, error):
    """A server that is not ready, or wants a token, says so when it is asked for its protocol."""
    with pytest.raises(error, match=f"answers {status}: not now"):
        ask(serve({"GET /v2": (status, {"error": "not now"})}), [1])


def test_an_unknown_model(serve, ask):
    """A model that the server does not have is NotFound, and the hint names those that it has."""
    with pytest.raises(NotFound) as caught:
        ask(serve(engines.kserve()), [[1]], model="digit", protocol="v1")
    assert caught.value.hint == "its models are digits"


def test_a_server_with_several_models(serve, ask):
    """If the server has several models, one must be chosen, and they are named."""
    engine = serve({**engines.kserve(), "GET /v2/models": (200, {"models": ["a", "b"]})})
    with pytest.raises(SpecError, match="several models: a, b"):
        ask(engine, [[1]])


def test_the_url_of_a_request(serve, ask):
    """A URL up to the path of a request says protocol, model and prefix; it is used as it is."""
    routes = engines.kserve()
    routes["POST /prefix/v1/models/digits/versions/2:predict"] = routes["POST /v1/models/digits:predict"]
    engine = serve(routes)
    found = ask(engine, [[1, 2]], url=f"{engine.url}/prefix/v1/models/digits/versions/2:predict")
    assert (found.answer, found.model, found.url) == ([3], "digits", f"{engine.url}/prefix")


def test_any_other_server(serve, ask):
    """With the protocol raw, JSON goes as it is to the path of the URL, or to --path."""
    engine = serve({"POST /predict": lambda asked: (200, {"got": asked.data})})
    assert ask(engine, [1], url=f"{engine.url}/predict", protocol="raw").answer == {"got": [1]}
    assert ask(engine, [1], path="/predict").answer == {"got": [1]}
    with pytest.raises(SpecError, match="none of the protocols"):
        ask(engine, [1])


def test_headers_and_tokens(serve, ask):
    """Headers reach the server with every request, and Host replaces the address."""
    engine = serve(engines.kserve())
    headers = (("Authorization", "Bearer s3cret"), ("Host", "digits.example.com"))
    ask(engine, [[1]], headers=headers)
    assert {one.headers["authorization"] for one in engine.asked} == {"Bearer s3cret"}
    assert {one.headers["host"] for one in engine.asked} == {"digits.example.com"}
    assert "s3cret" not in repr(Server(url=engine.url, headers=headers))


@pytest.mark.parametrize(
    "header",
    [("a b", "x"), ("", "x"), ("X-A", "s3cret\r\nX-B: c"), ("X-A", "s3cret-é"), ("Content-Length", "1")],
)
def test_headers_that_cannot_be_sent(serve, ask, header):
    """Names that are none, line breaks and arena's own headers are refused, without repeating the value."""
    engine = serve(engines.kserve())
    with pytest.raises(SpecError) as caught:
        ask(engine, [[1]], headers=(header,))
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"
    assert engine.asked == []


def test_servers_that_do_not_answer(answering, ask, serve, tmp_path):
    """A closed port is Unreachable, silence is TimedOut, and what is not HTTP is Unreachable."""
    session = connect(environ={}, folder=tmp_path)
    gone = serve({})
    gone.close()
    with pytest.raises(Unreachable, match="connection refused"):
        ask(gone, [1])
    with pytest.raises(TimedOut, match=r"has not answered within 0\.2s"):
        predict(session, Server(url=answering, path="/hang", timeout=0.2), [1])
    for path in ("/garbage", "/reset", "/half"):
        with pytest.raises(Unreachable, match="does not answer"):
            predict(session, Server(url=answering, path=path), [1])


def test_tls(secure, certificate, ask, tmp_path, monkeypatch):
    """A server with an unknown certificate is Unreachable, unless that is not verified or known."""
    session = connect(environ={}, folder=tmp_path)
    with pytest.raises(Unreachable, match="self-signed certificate"):
        predict(session, Server(url=f"{secure}/fast", protocol="raw"), [1])
    assert predict(session, Server(url=f"{secure}/fast", protocol="raw", verify=False), [1]).answer
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert predict(session, Server(url=f"{secure}/chunked", protocol="raw"), [1]).answer


def test_values_without_json(ask, serve):
    """A value that JSON cannot hold is refused."""
    with pytest.raises(SpecError, match="cannot be written as JSON"):
        ask(serve(engines.kserve()), {1, 2})

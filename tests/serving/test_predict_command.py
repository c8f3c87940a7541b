"""`arena serve predict` against servers that speak as the known engines do."""

import io
import json
import sys
from collections.abc import Iterator

import engines
import pytest
from engines import Engine

NET = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}


@pytest.fixture
def kserve() -> Iterator[Engine]:
    with engines.running(engines.kserve()) as one:
        yield one


@pytest.fixture
def triton() -> Iterator[Engine]:
    with engines.running(engines.triton(NET)) as one:
        yield one


def typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let standard input be a pipe with this content."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_predictions_and_latency(arena, kserve):
    """Each prediction is a line on stdout; latency, protocol and model are on stderr."""
    ended = arena("serve", "predict", "--url", kserve.url, "[[1, 2], [3, 4]]")
    assert (ended.code, ended.out) == (0, "3\n7\n")
    assert ended.err.startswith("answered in ")
    assert ended.err.endswith("(v1, model digits)\n")


def test_a_url_in_place_of_a_name(arena, kserve):
    """A URL may stand where the name of a serving does."""
    assert arena("serve", "predict", kserve.url, "[[1, 2]]").out == "3\n"


def test_the_raw_answer(arena, kserve, triton):
    """`-o json` prints the body as the server sent it, `-o yaml` what arena made of it."""
    assert json.loads(arena("serve", "predict", kserve.url, "[[1, 2]]", "-o", "json").out) == {
        "predictions": [3]
    }
    shown = arena("serve", "predict", kserve.url, "[[1, 2]]", "-o", "yaml").out
    assert "answer:\n- 3\n" in shown
    assert "protocol: v1\n" in shown
    assert arena("serve", "predict", triton.url, "[[1, 2]]").out == "x-out [1, 2] FP32: [1, 2]\n"


def test_files_and_standard_input(arena, kserve, tmp_path, monkeypatch):
    """`@FILE`, `-` and a pipe give the input; a missing file and a file without its @ are named."""
    file = tmp_path / "rows.json"
    file.write_text("[[1, 2]]", encoding="utf-8")
    assert arena("serve", "predict", kserve.url, f"@{file}").out == "3\n"
    for words in (["-"], []):
        typed(monkeypatch, b"[[4, 5]]")
        assert arena("serve", "predict", kserve.url, *words).out == "9\n"
    missing = arena("serve", "predict", kserve.url, f"@{file}x")
    assert (missing.code, "No such file" in missing.err) == (2, True)
    plain = arena("serve", "predict", kserve.url, str(file))
    assert (plain.code, f"write @{file}" in plain.err) == (2, True)


def test_a_text_appears_as_it_comes(arena):
    """The text of a language model is printed once, and its first token is timed."""
    with engines.running(engines.openai("Hello", "\n\x1b[31mred")) as engine:
        ended = arena("serve", "predict", engine.url, "Say hello.", "--max-tokens", "9")
        assert ended.out == "Hello\n\\x1b[31mred\n"
        assert "first token after " in ended.err
        assert engine.last.data["max_tokens"] == 9
        whole = arena("serve", "predict", engine.url, "Say hello.", "-o", "json")
        assert json.loads(whole.out)["choices"][0]["message"]["content"] == "Hello\n\x1b[31mred"
        assert "\x1b" not in whole.out


def test_wrong_shapes_are_named_before_sending(arena, triton):
    """An input of a wrong shape ends with 2, says what the model takes, and is not sent."""
    ended = arena("serve", "predict", triton.url, "[[1, 2, 3]]")
    assert (ended.code, ended.out) == (2, "")
    assert 'Error: input "x" takes [-1, 2] FP32; got [1, 3]\n' in ended.err
    assert all("infer" not in one.path for one in triton.asked)


@pytest.mark.parametrize(("status", "code"), [(400, 2), (404, 3), (401, 4), (503, 6), (500, 1)])
def test_exit_codes(arena, status, code):
    """Each refusal of a server ends with the exit code of its class, and with the server's words."""
    routes = {**engines.kserve(), "POST /v1/models/digits:predict": (status, {"error": "so\x1b it is"})}
    with engines.running(routes) as engine:
        ended = arena("serve", "predict", engine.url, "[[1]]")
    assert (ended.code, ended.out) == (code, "")
    assert f"answers {status}: so\\x1b it is" in ended.err


def test_tokens(arena, kserve, tmp_path):
    """A token comes from the option, a file or the variable, reaches the server, and is never printed."""
    file = tmp_path / "token"
    file.write_text("s3cret-f\n", encoding="utf-8")
    for words, env, token in (
        (("--token", "s3cret-o"), {}, "s3cret-o"),
        (("--token", f"@{file}"), {}, "s3cret-f"),
        ((), {"ARENA_SERVE_TOKEN": "s3cret-v"}, "s3cret-v"),
    ):
        ended = arena("serve", "predict", kserve.url, "[[1]]", "--debug", *words, **env)
        assert kserve.last.headers["authorization"] == f"Bearer {token}"
        assert token not in ended.out + ended.err
    refused = arena("serve", "predict", kserve.url, "[[1]]", "--token", "s3cret\nX: y")
    assert (refused.code, "s3cret" in refused.err) == (2, False)


def test_headers(arena, kserve):
    """--header sends headers; Host names another server than the address."""
    arena("serve", "predict", kserve.url, "[[1]]", "--header", "Host: a.example.com", "--header", "X-Id: 7")
    assert (kserve.last.headers["host"], kserve.last.headers["x-id"]) == ("a.example.com", "7")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "neither a serving nor a URL"),
        (("--url", "localhost:80", "[1]"), "is not the URL of an HTTP server"),
        (("http://127.0.0.1:1", "[1]", "2"), "comes after the input"),
        (("http://127.0.0.1:1", "[1]", "--protocol", "grpc"), '--protocol: "grpc" is not a protocol'),
        (("http://127.0.0.1:1", "[1]", "--header", "nocolon"), '"nocolon" has no colon'),
        (("http://127.0.0.1:1", "[1]", "--timeout", "0s"), "--timeout: it must be more than 0"),
        (("http://127.0.0.1:1", "[1]", "--timeout", "soon"), "is not a duration"),
        (("http://127.0.0.1:1", "[1]", "--max-tokens", "0"), "--max-tokens"),
        (("http://me:hunter2@127.0.0.1:1", "[1]"), "the URL contains a user name"),
        (("http://127.0.0.1:1", "[1]", "--path", "a b", "--protocol", "raw"), "is not the path of a request"),
    ],
)
def test_bad_input(arena, words, message):
    """What cannot be used is refused with one sentence, exit code 2 and no secret."""
    ended = arena("serve", "predict", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert "hunter2" not in ended.err


def test_a_closed_port(arena):
    """A server that is not there ends with 6."""
    with engines.running({}) as engine:
        pass
    ended = arena("serve", "predict", engine.url, "[1]")
    assert ended.code == 6
    assert "connection refused" in ended.err

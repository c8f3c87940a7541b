"""`arena serve bench` against real servers."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import engines
import pytest
import yaml
from product import until
from terminals import Pty

QUICK = ("--warmup", "0s", "--duration", "1s")


def llm(answering: str, tokens: int) -> str:
    return f"{answering}/llm/{tokens}/0.1/0.02"


def test_figures_of_one_server(arena, answering):
    """The page has the load, the counts, the percentiles, and bars that fit into 80 columns."""
    ended = arena(
        "serve", "bench", f"{answering}/slow/0.02", "--protocol", "raw", "-i", "[1]", "--rps", "50", *QUICK
    )
    assert ended.code == 0
    rows = [re.split(" {2,}", line) for line in ended.out.splitlines()]
    for row in (["Load", "50 requests/s for 1s"], ["Right answers", "50"], ["Errors", "0"]):
        assert row in rows
    assert "Latency p99" in ended.out
    bars = [line for line in ended.out.splitlines() if "#" in line]
    assert sum(int(line.split()[-1]) for line in bars) == 50
    assert max(map(len, bars)) <= 80
    assert ended.err == ""


def test_servers_side_by_side(arena, answering):
    """Two servers are two columns, with the kinds of errors of both."""
    ended = arena(
        "serve", "bench", f"{answering}/fast", f"{answering}/slow/0.05", "--protocol", "raw", "-i", "[1]",
        "--requests", "10", "--together", *QUICK,
    )  # fmt: skip
    head, *rows = ended.out.splitlines()
    assert head.split() == [f"{answering}/fast", f"{answering}/slow/0.05"]
    assert ["Right", "answers", "10", "10"] in [row.split() for row in rows]
    assert f"Latency of {answering}/fast" in rows


def test_data(arena, answering):
    """JSON and YAML have the same figures, in seconds; several servers are a list."""
    words = (f"{answering}/fast", "--protocol", "raw", "-i", "[1]", "--requests", "10", *QUICK)
    found = json.loads(arena("serve", "bench", *words, "-o", "json").out)
    assert (found["requests"], found["succeeded"], found["failed"], found["errors"]) == (10, 10, 0, [])
    assert found["latency"]["count"] == sum(one["count"] for one in found["latency"]["histogram"]) == 10
    assert 0 < found["latency"]["p50"] <= found["latency"]["p99"] <= found["latency"]["max"] < 5
    assert found["load"]["concurrency"] == 1
    several = yaml.safe_load(arena("serve", "bench", f"{answering}/fast", *words, "-o", "yaml").out)
    assert [one["requests"] for one in several] == [10, 10]


def test_language_models(arena, answering):
    """Of a language model, the first token, the time between tokens, and tokens a second are measured."""
    words = ("-i", "Hi", "--concurrency", "2", "--requests", "6", "--warmup", "0s", "--duration", "9s")
    found = json.loads(arena("serve", "bench", llm(answering, 10), *words, "-o", "json").out)
    tokens = found["tokens"]
    assert (found["protocol"], found["model"], found["succeeded"]) == ("openai", "tiny", 6)
    assert tokens["count"] == 60
    assert 0.1 <= tokens["first"]["p50"] < 0.2
    assert tokens["first"]["count"] == 6
    assert 0.015 <= tokens["between"]["p50"] < 0.06
    assert tokens["between"]["count"] == 54
    assert tokens["perSecond"] == pytest.approx(60 / found["seconds"])
    page = arena("serve", "bench", llm(answering, 10), *words).out
    assert "First token p50" in page
    assert "Between tokens p99" in page


def test_samples_are_sent_in_turn(arena, answering, tmp_path):
    """Each line of --sample is an input, and they are sent one after the other, again and again."""
    file = tmp_path / "rows.jsonl"
    file.write_text('{"at": 0}\n\n{"at": 1}\n{"at": 2}\n', encoding="utf-8")
    words = ("--protocol", "raw", "--sample", str(file), "--requests", "6", *QUICK)
    assert arena("serve", "bench", f"{answering}/fast", *words).code == 0
    seen = json.loads(
        arena("serve", "predict", f"{answering}/seen", "--protocol", "raw", "1", "-o", "json").out
    )
    sent = [json.loads(one["body"])["at"] for one in seen if one["line"].startswith("POST /fast")]
    assert sent[-6:] == [0, 1, 2, 0, 1, 2]


def test_a_wrong_sample(arena, tmp_path):
    """A sample that does not fit the model is named by its number, and nothing is sent."""
    file = tmp_path / "rows.jsonl"
    file.write_text("[[1, 2]]\n[[3]]\n", encoding="utf-8")
    shape = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}
    with engines.running(engines.triton(shape)) as engine:
        ended = arena("serve", "bench", engine.url, "--sample", str(file))
        assert all("infer" not in one.path for one in engine.asked)
    assert ended.code == 2
    assert 'Error: input 2 of 2: input "x" takes [-1, 2] FP32; got [1, 1]\n' in ended.err


def test_a_picture(arena, answering, tmp_path):
    """--save writes an SVG with both panels and the name of the server, whatever characters that has."""
    file = tmp_path / "it.svg"
    words = ("--protocol", "raw", "-i", "[1]", "--rps", "100", "--save", str(file), *QUICK)
    ended = arena("serve", "bench", f"{answering}/fast/<&>", *words)
    assert (ended.code, ended.err) == (0, f"saved {file}\n")
    root = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    texts = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(re.match(re.escape(f"{answering}/fast/<&>: ") + r"\d+\.\d/s, p50 ", one) for one in texts)
    assert any("Distribution" in one for one in texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 10


def test_errors_are_counted_by_kind(arena, answering):
    """A server that begins to fail ends the measurement with 0, its errors counted and quoted."""
    words = ("--protocol", "raw", "-i", "[1]", "--rps", "20", "--timeout", "1s", *QUICK)
    ended = arena("serve", "bench", f"{answering}/failing/15/500", *words)
    assert ended.code == 0
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["Errors:", "status", "500", "6"] in rows
    assert f"{answering}/failing/15/500: status 500: no such model" in ended.out


def test_a_server_that_fails_at_once(arena, answering):
    """An error of the first request ends the command with that error, before any load."""
    ended = arena("serve", "bench", f"{answering}/status/503", "--protocol", "raw", "-i", "[1]", *QUICK)
    assert (ended.code, ended.out) == (6, "")
    assert "answers 503: no such model" in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-i", "[1]", "--rps", "0"), "'--rps': 0.0 is not in the range x>0"),
        (("-i", "[1]", "--rps", "nan"), "the rate must be more than 0"),
        (("-i", "[1]", "--rps", "1", "--concurrency", "1"), "mutually exclusive"),
        (("-i", "[1]", "--concurrency", "0"), "'--concurrency': 0 is not in the range x>=1"),
        (("-i", "[1]", "--requests", "-1"), "'--requests': -1 is not in the range x>=1"),
        (("-i", "[1]", "--duration", "0s"), "the duration must be more than 0"),
        (("-i", "[1]", "--duration", "x"), "is not a duration"),
        ((), "give one of --input and --sample"),
        (("-i", "[1]", "--sample", os.devnull), "give one of --input and --sample"),
        (("--sample", "missing"), "missing cannot be read"),
        (("--sample", os.devnull), "has no lines"),
        (("-i", "[1]", "--save", "x.png"), "does not end with .svg"),
        (("-i", "[1]", "--save", "no/such/x.svg"), "cannot be written"),
    ],
)  # fmt: skip
def test_bad_input(arena, words, message):
    """What cannot be used is refused before anything is sent."""
    ended = arena("serve", "bench", "http://127.0.0.1:1", "--protocol", "raw", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


def test_no_server(arena):
    """Without a server there is nothing to measure."""
    assert "neither a serving nor a URL" in arena("serve", "bench", "-i", "[1]").err


def test_ctrl_c_prints_what_was_measured(answering, tmp_path):
    """Ctrl-C ends a long measurement at once with 130, and its figures and picture are there."""
    file = tmp_path / "it.svg"
    words = ("serve", "bench", f"{answering}/fast", "--protocol", "raw", "-i", "[1]", "--rps", "50",
             "--warmup", "0s", "--duration", "10m", "--save", str(file), "-o", "json")  # fmt: skip
    before = answered(answering)
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [sys.executable, "-m", "arena", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as child:
        until(lambda: answered(answering) > before + 30)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    found = json.loads(out)
    assert found["interrupted"]
    assert found["succeeded"] > 10
    assert found["failed"] == 0
    assert b"interrupted" in err
    assert Path(file).stat().st_size > 1000


def test_a_terminal_shows_what_was_measured_so_far(answering, tmp_path):
    """On a terminal one line with rate and percentiles is redrawn, and gone when the figures are printed."""
    terminal = Pty(columns=90)
    words = ("serve", "bench", f"{answering}/fast", "--protocol", "raw", "-i", "[1]", "--rps", "50",
             "--warmup", "0s", "--duration", "10m")  # fmt: skip
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm"}
    child = subprocess.Popen(
        [sys.executable, "-m", "arena", *words],
        stdin=terminal.far, stdout=terminal.far, stderr=terminal.far, env=env,
    )  # fmt: skip
    try:
        [line] = terminal.shows(lambda lines: "p99" in lines[0])
        assert re.match(r"\d+s  \d+\.\d/s  p50 .*s  p99 .*s$", line)
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
        lines = terminal.shows(lambda lines: "interrupted" in lines)
    finally:
        child.kill()
        child.wait()
        terminal.close()
    assert lines[0].startswith("Server ")
    assert not [one for one in lines if re.match(r"\d+s  ", one)]


def answered(answering: str) -> int:
    """The number of requests that the server has answered at /fast so far."""
    import urllib.request

    with urllib.request.urlopen(f"{answering}/count", timeout=10) as answer:
        return int(answer.read())

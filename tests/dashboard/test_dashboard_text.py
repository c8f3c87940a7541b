"""What the page shows of texts of the cluster: no credentials, no control characters."""

import json

import pytest

from arena.dashboard import text
from arena.dashboard.panel import still
from arena.dashboard.routes import encoded

SECRET = "s3cr3t-v4lue"
GONE = [
    f"HF_TOKEN={SECRET}",
    f"export WANDB_API_KEY='{SECRET}'",
    f'{{"password": "{SECRET}", "user": "ann"}}',
    f"aws_secret_access_key = {SECRET}",
    f"password: {SECRET}",
    f"password is {SECRET}",
    f"--api-key={SECRET} --lr 0.1",
    f"train.py --api-key {SECRET}",
    f"hfToken={SECRET}",
    f"api-key: {SECRET}",
    f"DB_PASSWORD={SECRET}",
    f"Authorization: Bearer {SECRET}",
    f"connecting to postgres://ann:{SECRET}@db/x",
    "PASSWORD=12345678",
    "the token hf_abcdefghijklmnopqrstuvwxyz01 was refused",
    "key AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh",
]
KEPT = [
    "epoch=3 loss=0.5 token=4096 tokens_per_second=1234.5",
    "num_tokens: 1000000",
    "token_accuracy=0.91",
    "tokenizer=bert-base-uncased",
    "secretary: Ann",
    "the token is missing",
    "max_key=7 keys=8",
    "https://example.com/a@b",
    "Successfully assigned default/bert-worker-0 to node-1",
    "2030-01-01T12:00:00Z INFO step 7: loss=nan",
]


@pytest.mark.parametrize("line", GONE)
def test_credentials_are_masked(line: str) -> None:
    """The value of what is named like a credential, or looks like one, is not shown."""
    found = text.masked(line)
    assert "<redacted>" in found
    for word in (SECRET, "12345678", "hf_abc", "AKIA", "ghp_", "eyJ"):
        assert word not in found


@pytest.mark.parametrize("line", KEPT)
def test_other_texts_are_kept(line: str) -> None:
    """Metrics and usual messages are shown as they are."""
    assert text.masked(line) == line


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1b[2Jcleared", "cleared"),
        (b" 10%|#   |\r 50%|##  |\r100%|####|", "100%|####|"),
        (b"a\tb", "a       b"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("a\u202eb".encode(), "ab"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"HF_TO\x1b[1mKEN=s3cr3t-v4lue", "HF_TOKEN=<redacted>"),
        (b"", ""),
    ],
)
def test_output(raw: bytes, shown: str) -> None:
    """Of a line of output, the page gets what a terminal would show in the end, without colours."""
    assert text.output(raw) == shown


def test_data() -> None:
    """JSON for the page is ASCII, masked and without control characters, whatever the depth."""
    hostile = {
        "a": ["\x1b[31m", {"b": f"API_KEY={SECRET}"}],
        "c\x00": "</script>\u2028",
        "n": 1,
        "none": None,
    }
    found = encoded(hostile)
    assert found.isascii()
    assert SECRET.encode() not in found
    assert json.loads(found) == {
        "a": ["\\x1b[31m", {"b": "API_KEY=<redacted>"}], "c\\x00": "</script>\\u2028", "n": 1, "none": None,
    }  # fmt: skip


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have(value: float) -> None:
    """NaN and infinity, which annotations of others may hold, are texts, and break no panel."""
    assert json.loads(encoded({"gpuHoursUsed": value})) == {"gpuHoursUsed": str(value)}


def test_names_of_users_are_kept() -> None:
    """What grows with time is left out, and a parameter of a sweep that is called the same is not."""
    trial = {"duration": "4s", "assignments": {"age": 3}, "metrics": {"duration": 0.5}}
    assert still({"age": "9s", "trials": [trial]}) == {
        "trials": [{"assignments": {"age": 3}, "metrics": {"duration": 0.5}}]
    }


@pytest.mark.timeout(20)
def test_long_lines_are_quick() -> None:
    """No text makes the search for credentials slow."""
    for part in ("a=", "--a ", "password ", "://", "eyJ", "eyJ-", "Bearer ", "a" * 50 + ":", "token is "):
        text.masked(part * 10_000)

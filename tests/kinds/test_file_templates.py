"""Placeholders in config files: how values are written in each format, and what is left as it is."""

import json

import pytest
import yaml

from arena.errors import SpecError
from arena.kinds.sweeps.file_templates import template
from arena.search.assignments import Value

VALUES: dict[str, Value] = {
    "lr": 1e-05, "choice": "1e-4", "big": "1E20", "n": 16,
    "on": True, "opt": "it's \"a: b\"", "word": "yes", "trial": "digits-7",
}  # fmt: skip


def made(path: str, text: str, **more: Value) -> str:
    """The file of a trial."""
    found = template(path, text.encode(), [*VALUES, "gone"])
    assert found is not None
    return found.filled({**VALUES, **more}).decode()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("lr: {lr}\n", {"lr": 1e-05}),
        ("a: {n: {n}, lr: {lr}}", {"a": {"n": 16, "lr": 1e-05}}),
        ("- {word}\n- {n}\n- {on}", ["yes", 16, True]),
        ("[{word}, {gone}]", ["yes", None]),
        ("a: {opt}", {"a": VALUES["opt"]}),
        ('a: "{opt} {n}"', {"a": f"{VALUES['opt']} 16"}),
        ("a: '{opt} {{n}}'", {"a": f"{VALUES['opt']} {{n}}"}),
        ("a: [{choice}, {big}]", {"a": [1e-4, 1e20]}),
        ("a: |\n  run {lr} {opt}\n", {"a": f"run 1e-05 {VALUES['opt']}\n"}),
        ("a: runs/{trial}/x", {"a": "runs/digits-7/x"}),
        ("{word}: {n}", {"yes": 16}),
        ("a: ${n} # {n}\nb: x{lr}", {"a": "${n}", "b": "x1e-05"}),
        ("a: {trial}\n---\nb: {n}\n", [{"a": "digits-7"}, {"b": 16}]),
    ],
)  # fmt: skip
def test_yaml(text: str, data: object) -> None:
    """Whoever reads the file gets each value with its type, whatever quotes surround the placeholder."""
    found = list(yaml.safe_load_all(made("a.yaml", text)))
    assert (found if len(found) > 1 else found[0]) == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"lr": {lr}, "n": [{n}, {on}, {gone}]}', {"lr": 1e-05, "n": [16, True, None]}),
        ('{"a": {opt}, "b": "{opt} {n}"}', {"a": VALUES["opt"], "b": f"{VALUES['opt']} 16"}),
        ('{"a": {}, "b": "\\"{word}", "c": "{{n}}"}', {"a": {}, "b": '"yes', "c": "{n}"}),
        ('{"{word}": {trial}}', {"yes": "digits-7"}),
    ],
)
def test_json(text: str, data: object) -> None:
    """A placeholder outside quotes is a value of its type, and one inside is part of the text."""
    assert json.loads(made("a.json", text)) == data


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("lr = {lr}\nn = [{n}, {on}]\nopt = {word}\n", 'lr = 1e-05\nn = [16, true]\nopt = "yes"\n'),
        ('a = "{opt}" # it\'s {n}', 'a = "it\'s \\"a: b\\"" # it\'s 16'),
        ("a = '{word}'\nb = '''\n{n}'''", "a = 'yes'\nb = '''\n16'''"),
        ('a = """\n"{word}" {n}"""\nb={gone}', 'a = """\n"yes" 16"""\nb=""'),
    ],
)
def test_toml(text: str, filled: str) -> None:
    """Values have quotes where TOML wants them."""
    assert made("a.toml", text) == filled


def test_other_files_are_text() -> None:
    """Without a known format, values are written as in the command; line ends are kept."""
    text = "lr={lr}\r\nname={opt}; {{n}} {a b} {}\r\n"
    assert made("a.ini", text) == f"lr=1e-05\r\nname={VALUES['opt']}; {{n}} {{a b}} {{}}\r\n"


@pytest.mark.parametrize("raw", [b"a: {epoch} {{lr}} ${lr}", b"\xff{lr}", b"", b"{} {{ lr }}"])
def test_files_without_parameters(raw: bytes) -> None:
    """A file that names no parameter is no template, so that none of its braces change."""
    assert template("a.yaml", raw, ["lr"]) is None


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("a.yaml", "a: see {opt}", "a.yaml has a placeholder in text without quotes"),
        ("a.yml", "a: 'x\nb: {n}", "a.yml is no YAML with values in its placeholders"),
        ("a.yaml", "a: \x07 {n}", "a.yaml is no YAML with values in its placeholders"),
        ("a.toml", "a = '{opt}'", "a.toml has a placeholder between ' and '"),
    ],
)
def test_refused(path: str, text: str, said: str) -> None:
    """A value that cannot be where its placeholder is, is refused in a sentence."""
    with pytest.raises(SpecError, match=said):
        made(path, text)

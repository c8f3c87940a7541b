"""The habits of the code that no linter checks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pages import ROOT

BROAD = {
    "arena/local/machinery/runner.py": 2,
    "arena/local/node/kubelet.py": 1,
    "arena/local/node/metrics/collection.py": 1,
    "arena/parallel.py": 1,
}
"""Module -> how often it swallows an `Exception`, or hands it over; docs/architecture.md gives the reason."""
RAISING = frozenset("exists is_file is_dir is_symlink is_mount is_socket is_fifo home expanduser".split())
"""Methods of a Path."""
SYSTEMS = re.compile(
    r"""sys\.platform|os\.(name|uname)\b|["'(]/proc/|platform\.system|(has|get)attr\((os|socket|select|signal),"""
)
"""Questions for the operating system."""
LONG_FUNCTION, LONGEST_FUNCTION, LONGEST_MODULE = 30, 60, 300
"""Lines."""


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package, with its path below the root."""
    for path in sorted((ROOT / "arena").rglob("*.py")):
        yield str(path.relative_to(ROOT)), path


def is_broad(node: ast.ExceptHandler) -> bool:
    """Whether it swallows what nobody expected; one that cleans up raises the error again."""
    if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
        return False
    named = (
        [one.id for one in ast.walk(node.type) if isinstance(one, ast.Name)] if node.type else ["Exception"]
    )
    return bool({"Exception", "BaseException"} & set(named))


def test_broad_excepts():
    """`except Exception` is written only where a bug met by one object must not stop the others."""
    found = {}
    for name, path in modules():
        handlers = (
            one for one in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(one, ast.ExceptHandler)
        )
        if broad := sum(map(is_broad, handlers)):
            found[name] = broad
    assert found == BROAD


def test_names_of_test_modules():
    """No two test modules have the same name: pytest imports them by it."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []


def test_lengths():
    """Nine functions in ten have less than 30 lines, none has more than 60, and modules stay below 300."""
    functions, long_modules = {}, {}
    for name, path in modules():
        text = path.read_text("utf-8")
        if (lines := len(text.splitlines())) > LONGEST_MODULE:
            long_modules[name] = lines
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                assert one.end_lineno is not None
                functions[f"{name}:{one.name}"] = one.end_lineno - one.lineno + 1
    assert long_modules == {}
    assert {name: lines for name, lines in functions.items() if lines > LONGEST_FUNCTION} == {}
    assert sum(lines > LONG_FUNCTION for lines in functions.values()) < len(functions) / 10


def test_questions_to_the_file_system():
    """Only os.path is asked what a path is: before Python 3.14, a Path raises in a closed folder.

    `private.home` and os.path also answer where a user has no home folder, or does not exist.
    """
    found = [
        f"{name}:{one.lineno}: {one.func.attr}()"
        for name, path in modules()
        for one in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in RAISING
        if not one.args and not one.keywords
    ]
    assert found == []


def test_questions_for_the_operating_system():
    """Only `operating_system` asks which system this is, so that tests reach every branch.

    The Node object tells what the system calls itself, and nothing depends on it. The probe of stacks runs in
    containers, where arena is not installed.
    """
    found = {name for name, path in modules() if SYSTEMS.search(path.read_text("utf-8"))}
    assert found == {
        "arena/operating_system.py",
        "arena/local/node/node_object.py",
        "arena/actions/jobs/stacks/probe.py",
    }

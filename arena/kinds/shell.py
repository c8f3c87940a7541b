"""Command lines for a shell, made from one text, from a list, or from the words of another command line."""

import re
import shlex
from collections.abc import Sequence

from arena.kinds.validators import text

# These are compiled on first use: reading a job needs none.
_DOUBLE = r'"(?s:[^"\\]|\\.)*"'
_ODD = r"[\s'\"\\]|[\w=]\(|^\(.*,.*\)$|^#"
"""What a shell does not read literally in a word: blanks, quotes, Python calls and tuples, and comments."""
_VARIABLE = r"\$\{?[a-zA-Z_]"


def command(value: object) -> str:
    """A command line for the shell.

    Each word of a list (from a job file) is quoted. Quotes around the whole, single or double, are removed:
    the Go arena's documentation writes `"'python train.py'"`, and its YAML removed both. None may remain,
    because a recorded command is read again.
    """
    word = shlex.join(map(text, value)) if isinstance(value, (list, tuple)) else text(value)
    while (inside := _inside(word)) != word:
        word = inside
    return word


def _inside(word: str) -> str:
    inside = word[1:-1]
    if len(word) > 1 and word[0] == word[-1] == "'" and "'" not in inside:
        return inside
    if re.fullmatch(_DOUBLE, word):
        return re.sub(r'\\(["\\])', r"\1", inside)
    return word


def command_line(given: Sequence[str]) -> str:
    """Join words into a command line; a single word is a command line itself.

    Words with blanks or quotes are quoted for the shell, except for variables, which the job expands. Other
    words stay bare, such as `&&` and `>log`, which scripts of the Go arena rely on.

    >>> command_line(["python", "train.py", "--prompt", "it's"])
    'python train.py --prompt \'it\'"\'"\'s\''
    """
    return given[0] if len(given) == 1 else " ".join(map(_quoted, given))


def _quoted(word: str) -> str:
    if word and not re.search(_ODD, word):
        return word
    if not re.search(_VARIABLE, word):
        return shlex.quote(word)
    plain = re.sub(r'[\\"`]|\$(?!\{?[a-zA-Z_])', lambda found: "\\" + found[0], word)
    return f'"{plain}"'

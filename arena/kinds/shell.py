"""Command lines for a shell, made from one text, from a list, or from the words of another command line."""

import re
import shlex
from collections.abc import Sequence

from arena.kinds.validators import text

# These are compiled on first use: reading a job needs none.
_DOUBLE = r'"(?s:[^"\\]|\\.)*"'
_ODD = r"[\s'\"\\]|[\w=]\(|^\(.*,.*\)$|^#"
"""What a shell does not read literally in a word: blanks, quotes, Python calls and tuples, and comments."""
_OWN = frozenset((
    "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "declare", "do", "done",
    "echo", "enable", "eval", "exec", "exit", "export", "false", "fc", "fg", "for", "function",
    "getopts", "hash", "if", "jobs", "kill", "let", "local", "printf", "pwd", "read", "readonly",
    "return", "select", "set", "shift", "shopt", "source", "test", "time", "times", "trap", "true",
    "type", "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait", "while", ".",
))  # fmt: skip
"""Words that a shell acts upon itself: POSIX, "Shell Command Language", 2.4 and 2.14, and those of bash."""
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


def program(line: str) -> str:
    """The command line, told to replace the shell if it does no more than start one program.

    A container's first process gets the signals, and a shell does not pass them on: without this, the program
    would not learn that it is to end, and be killed after the grace period.

    >>> program("python serve.py --port 80"), program("cd app && python serve.py")
    ('exec python serve.py --port 80', 'cd app && python serve.py')
    """
    reading = shlex.shlex(line, posix=True, punctuation_chars="();<>|&`\n")
    reading.whitespace_split, reading.commenters, reading.whitespace = True, "", " \t"
    try:
        words = list(reading)
    except ValueError:  # a quote is not closed
        return line
    plain = all(set(word) - set(reading.punctuation_chars) for word in words)
    starts = bool(words) and re.fullmatch(r"[\w./+-]+", words[0]) and words[0] not in _OWN
    return f"exec {line}" if plain and starts else line

"""Shell completion: one script for each shell, and one way to read their command lines.

Every script sends the line up to the cursor. Answers are whole words, which zsh and fish quote. Bash writes
answers into the line as they are, in the place of a part of the word, so it receives that part, quoted.
"""

import os
import re
from typing import TYPE_CHECKING

from click.shell_completion import ShellComplete, add_completion_class

from arena import visible
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

BASH = r"""_arena_completion() {
    local line=${COMP_LINE:0:COMP_POINT} program=$1 answer
    local named='(^|[[:space:]])(([^[:space:]]*/)?arena)([[:space:]].*)?$'
    if [[ ${BASH_ALIASES[$1]-} =~ $named ]]; then
        line=arena${BASH_REMATCH[4]}${line#*"$1"} program=${BASH_REMATCH[2]}
    fi
    [[ $program == */* ]] || program=arena
    program=${program/#\~\//$HOME/}
    while IFS= read -r answer; do
        case $answer in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*)
                [[ $answer == *= ]] && compopt -o nospace
                COMPREPLY+=("${answer#plain,}")
                ;;
        esac
    done < <(env COMP_WORDS="$line" COMP_BREAKS="$COMP_WORDBREAKS" _ARENA_COMPLETE=bash_complete \
        "${program//\\}" 2>/dev/null)
}

complete -o nosort -F _arena_completion arena"""
ZSH = r"""#compdef arena

_arena_completion() {
    local -a names described
    local type value help
    while IFS= read -r type && IFS= read -r value && IFS= read -r help; do
        case $type in
            dir) compset -P '--*='; _path_files -/ ;;
            file) compset -P '--*='; _path_files ;;
            plain)
                if [[ $value == *= ]]; then
                    compadd -U -S '' -- "$value"
                elif [[ -n $help ]]; then
                    described+=("${value//:/\\:}:$help")
                else
                    names+=("$value")
                fi
                ;;
        esac
    done < <(env COMP_WORDS="${words[1,CURRENT-1]} $QIPREFIX$PREFIX" _ARENA_COMPLETE=zsh_complete \
        arena 2>/dev/null)
    (( $#described )) && _describe -V unsorted described -U
    (( $#names )) && compadd -U -V unsorted -a names
}

# A file in fpath is the body of a function: it loads at the first TAB, and runs at each.
if [[ $zsh_eval_context[-1] == (loadautofunc|shfunc) ]]; then
    _arena_completion "$@"
else
    compdef _arena_completion arena
fi"""
FISH = r"""function _arena_completion
    set -l line (commandline -cp | string collect)
    for answer in (env COMP_WORDS="$line" _ARENA_COMPLETE=fish_complete arena 2>/dev/null)
        set -l found (string split --max 1 , -- $answer)
        set -l flag (string match -r -- '^--[^=]*=' $found[2])
        set -l start (string replace -r -- '^--[^=]*=' '' $found[2])
        switch $found[1]
            case dir
                string replace -r -- '^' "$flag" (__fish_complete_directories "$start")
            case file
                string replace -r -- '^' "$flag" (__fish_complete_path "$start")
            case plain
                printf '%s\n' $found[2]
        end
    end
end

complete --no-files --command arena --arguments '(_arena_completion)'"""

_PREFIXES = "@$"
"""Where bash splits a word in front of the sign, not behind it."""
_TOKEN = re.compile(
    r"""(?P<blank>\s+)|\\(?P<escaped>.?)"""
    r"""|(?P<quote>['"])(?P<inner>(?<=')[^']*|(?<=")(?:[^"\\]|\\.?)*)(?P<end>['"]?)|(?P<plain>.)""",
    re.DOTALL,
)


class Cursor(NamedTuple):
    """The word at the cursor, without its quotes."""

    text: str = ""
    start: int = 0
    """Where the part begins that bash replaces."""
    quote: str = ""
    """The quotation mark that is open."""


class Shell(ShellComplete):
    """What the three shells have in common."""

    def source(self) -> str:
        """The script that a shell sources."""
        return self.source_template

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor's word, without the program's name, and that word."""
        words, self.cursor = split(os.environ["COMP_WORDS"], os.environ.get("COMP_BREAKS", ""))
        return words[1:], self.cursor.text

    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem]":
        """Whole words for the cursor: `--flag=value` if `--flag=` is already written."""
        flag, sign, _ = incomplete.partition("=")
        # Names that would control the terminal, or the protocol with the shell, cannot be typed either.
        found = [
            item
            for item in super().get_completions(args, incomplete)
            if visible.line(item.value) == item.value
        ]
        if sign and flag.startswith("--"):
            for item in found:
                item.value = f"{flag}={item.value}"
        return found


@add_completion_class
class Bash(Shell):
    """Bash 4.4 or newer."""

    name = "bash"
    source_template = BASH

    def format_completion(self, item: "CompletionItem") -> str:
        """The type of the answer, and the replacement for the part of the word that bash replaces."""
        return f"{item.type},{quoted(item.value[self.cursor.start :], self.cursor.quote)}"


@add_completion_class
class Zsh(Shell):
    """Zsh: three lines for each answer."""

    name = "zsh"
    source_template = ZSH

    def format_completion(self, item: "CompletionItem") -> str:
        """The type of the answer, the word, and its description."""
        return f"{item.type}\n{item.value}\n{item.help or ''}"


@add_completion_class
class Fish(Shell):
    """Fish."""

    name = "fish"
    source_template = FISH

    def format_completion(self, item: "CompletionItem") -> str:
        """The type of the answer, the word, and after a tab its description."""
        return f"{item.type},{item.value}" + (f"\t{item.help}" if item.help else "")


def split(line: str, breaks: str = "") -> tuple[list[str], Cursor]:
    """The words before the cursor's word, and that word, whose last quotation may be open.

    Args:
        line: the line up to the cursor.
        breaks: characters at which bash splits words, besides quotes.
    """
    words: list[str] = []
    cursor: Cursor | None = None
    for token in _TOKEN.finditer(line):
        if not token["blank"]:
            cursor = _further(cursor or Cursor(), token, breaks)
        elif cursor:
            words.append(cursor.text)
            cursor = None
    return words, cursor or Cursor()


def _further(cursor: Cursor, token: "re.Match[str]", breaks: str) -> Cursor:
    """The word with one more token."""
    if quote := token["quote"]:
        inner = token["inner"] if quote == "'" else re.sub(r'\\([$`"\\])', r"\1", token["inner"])
        ahead = cursor.text + inner
        return Cursor(ahead, len(ahead)) if token["end"] else Cursor(ahead, len(cursor.text), quote)
    sign = token["plain"] or token["escaped"]
    ahead = cursor.text + sign
    if token["plain"] is None or sign not in breaks:
        return Cursor(ahead, cursor.start)
    return Cursor(ahead, len(ahead) - (sign in _PREFIXES))


def quoted(text: str, quote: str = "") -> str:
    """The text as bash reads it at the cursor: after an open quotation mark, or without one."""
    if quote == "'":
        return text.replace("'", r"'\''")
    if quote:
        # A backslash would not keep bash from replacing ! by a former command.
        return re.sub(r'[$`"\\]', r"\\\g<0>", text).replace("!", "\"'!'\"")
    return re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", text)

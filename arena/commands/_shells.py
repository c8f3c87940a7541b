"""How shells ask for completions and are answered: one script a shell, and one way to read their lines.

Every script sends the line as it stands before the cursor. Answers are whole words: a shell that ends words
at `=` or `:` as well, as bash does, is told what lies behind the last of those.
"""

import os
import shlex
from typing import TYPE_CHECKING

from click.shell_completion import ShellComplete, add_completion_class

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

BASH = """\
_arena_completion() {
    local type value
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                [[ $value == *= ]] && compopt -o nospace
                COMPREPLY+=("$value")
                ;;
        esac
    done < <(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_BREAKS="$COMP_WORDBREAKS" \\
        _ARENA_COMPLETE=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F _arena_completion arena"""
ZSH = """\
#compdef arena

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
                    described+=("${value//:/\\\\:}:$help")
                else
                    names+=("$value")
                fi
                ;;
        esac
    done < <(env COMP_WORDS="${words[1,CURRENT-1]} $PREFIX" _ARENA_COMPLETE=zsh_complete arena 2>/dev/null)
    (( $#described )) && _describe -V unsorted described -U
    (( $#names )) && compadd -U -V unsorted -a names
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _arena_completion "$@"
else
    compdef _arena_completion arena
fi"""
FISH = """\
function _arena_completion
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
                echo $found[2]
        end
    end
end

complete --no-files --command arena --arguments "(_arena_completion)\""""


class Shell(ShellComplete):
    """What the three have in common."""

    def source(self) -> str:
        """The script that asks."""
        return self.source_template

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one at the cursor, without the program's name, and that one."""
        line = os.environ["COMP_WORDS"]
        words = _split(line)
        word = words.pop() if words and not line[-1].isspace() else ""
        return words[1:], word

    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem]":
        """Whole words that may stand at the cursor: `--flag=value` where `--flag=` is already written."""
        flag, sign, _ = incomplete.partition("=")
        found = super().get_completions(args, incomplete)
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
        """The kind of answer, and what belongs in the place of the part of the word that bash replaces."""
        _, word = self.get_completion_args()
        breaks = set(os.environ.get("COMP_BREAKS", "")) & set("=:")
        done = max((word.rfind(sign) + 1 for sign in breaks), default=0)
        return f"{item.type},{item.value[done:]}"


@add_completion_class
class Zsh(Shell):
    """Zsh: three lines an answer."""

    name = "zsh"
    source_template = ZSH

    def format_completion(self, item: "CompletionItem") -> str:
        """The kind of answer, the word, and what it means."""
        return f"{item.type}\n{item.value}\n{item.help or ''}"


@add_completion_class
class Fish(Shell):
    """Fish."""

    name = "fish"
    source_template = FISH

    def format_completion(self, item: "CompletionItem") -> str:
        """The kind of answer, the word, and behind a tabulator what it means."""
        return f"{item.type},{item.value}" + (f"\t{item.help}" if item.help else "")


def _split(line: str) -> list[str]:
    """The line's words; a quotation may still be open."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(reader)
    except ValueError:
        words.append(reader.token)
    return words

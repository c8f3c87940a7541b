"""Shell completion: one script for each shell, and one way to read their command lines.

Every script sends the line up to the cursor. Answers are whole words; a shell that also splits words at `=`
or `:`, such as bash, receives what follows the last of those.
"""

import os
import shlex
from typing import TYPE_CHECKING

from click.shell_completion import ShellComplete, add_completion_class

from arena import visible

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
    """What the three shells have in common."""

    def source(self) -> str:
        """The script that a shell sources."""
        return self.source_template

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor's word, without the program's name, and that word."""
        line = os.environ["COMP_WORDS"]
        words = _split(line)
        word = words.pop() if words and not line[-1].isspace() else ""
        return words[1:], word

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
        _, word = self.get_completion_args()
        breaks = set(os.environ.get("COMP_BREAKS", "")) & set("=:")
        done = max((word.rfind(sign) + 1 for sign in breaks), default=0)
        return f"{item.type},{item.value[done:]}"


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


def _split(line: str) -> list[str]:
    """The words of the line, whose last quotation may be open."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(reader)
    except ValueError:
        words.append(reader.token)
    return words

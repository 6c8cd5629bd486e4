"""Completion for shells: scripts made from the tables of commands and options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

import cnnref
from cnnref.cli.commands import (
    BARS,
    CHARTS,
    COMMANDS,
    FORMATS,
    GROUPINGS,
    MODES,
    OPTIONS,
    PICTURES,
    SHELLS,
)
from cnnref.cli.show import Outcome

if TYPE_CHECKING:
    from types import SimpleNamespace

__all__ = ["printed"]

# words of a command that a file, too, may stand for
FILES = ("TARGET", "NAME", "A", "B")
# options whose value is a file
PATHS = ("--output", "--rules")
# options whose value is a list, which goes on behind its last comma
LISTS = ("--columns", "--by-convention")

BASH = """\
# Completion of cnnref for bash. Source this, or save it as
# ~/.local/share/bash-completion/completions/cnnref
_cnnref() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words="" start=""
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="@commands@"
    else
        case $before in
            --output|--rules) words=" " ;;
            @values@
            @free@) return ;;
        esac
    fi
    if [[ -z $words && $current == -* ]]; then
        case ${COMP_WORDS[1]} in
            @options@
        esac
    elif [[ -z $words ]]; then
        case ${COMP_WORDS[1]} in
            @words@
        esac
    fi
    if [[ $current == *,* ]]; then start=${current%,*},; fi
    local last=${current##*,} IFS=$' \\n'
    if [[ $before == --columns && $last == +* ]]; then start+=+ last=${last#+}; fi
    COMPREPLY=($(compgen -P "$start" -W "$words" -- "$last"))
    IFS=$'\\n'
    case $before:${COMP_WORDS[1]} in
        --output:*) COMPREPLY=($(compgen -f -- "$current")) ;;
        --rules:*)
            COMPREPLY=($(compgen -f -X '!*.py' -- "$current"; compgen -d -- "$current")) ;;
        -*) ;;
        @anywhere@)
            [[ $current == -* ]] ||
                COMPREPLY+=($(compgen -f -X '!*.py' -- "$current"; compgen -d -- "$current")) ;;
    esac
}
complete -F _cnnref cnnref
"""

ZSH = """\
#compdef cnnref
# Completion of cnnref for zsh. Save it as _cnnref in a folder of $fpath.
_cnnref_values() {
    case $1 in
        @values@
        *) return 1 ;;
    esac
    return 0
}
_cnnref() {
    local before=${words[CURRENT-1]} command=${words[2]}
    if ((CURRENT == 2)); then
        local -a commands=(
            @described@
        )
        _describe command commands
        return
    fi
    case $before in
        --output|--rules) _files; return ;;
        @free@) return ;;
    esac
    _cnnref_values $before && return
    if [[ $PREFIX == -* ]]; then
        case $command in
            @options@
        esac
        return
    fi
    case $command in
        @words@
    esac
    case $command in
        @files@) _files -g '*.py' ;;
    esac
}
if [[ $funcstack[1] == _cnnref ]]; then _cnnref "$@"; else compdef _cnnref cnnref; fi
"""


def printed(arguments: SimpleNamespace) -> Outcome:
    """`cnnref completion`."""
    return Outcome({"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell]())


def _values() -> dict[str, Sequence[str]]:
    """What each option may be followed by, where that is one of a few words."""
    from cnnref.measuring.roofline import COLUMNS as TIMES
    from cnnref.tables.analysis import DTYPES
    from cnnref.tables.columns import COLUMNS
    from cnnref.tables.quantities import QUANTITIES
    from cnnref.tables.sweep import MEASURES

    return {
        "--format": FORMATS,
        "--by": BARS,
        "--kind": tuple(dict.fromkeys((*PICTURES, *CHARTS))),
        "--quantity": tuple(QUANTITIES),
        "--group": GROUPINGS,
        "--convention": cnnref.conventions(),
        "--by-convention": (*cnnref.conventions(), "all"),
        "--dtype": tuple(DTYPES),
        "--columns": tuple(dict.fromkeys((*COLUMNS, *MEASURES, *TIMES))),
        "--mode": MODES,
        "--device": ("auto", "cpu", "cuda", "mps"),
        "--sort": tuple(COLUMNS),
    }


def _free() -> list[str]:
    """Options whose value is anything."""
    known = (*_values(), *PATHS)
    flags = [name for name, told in OPTIONS.items() if told.get("action") == "store_true"]
    return [name for name in OPTIONS if name not in (*known, *flags)]


def _words(command: str) -> Sequence[str]:
    """What a command may be followed by."""
    names = {*COMMANDS[command].words} & {*FILES, "NAMES", "NETWORK"}
    return cnnref.names() if names else SHELLS if "SHELL" in COMMANDS[command].words else ()


def _takes_files() -> list[str]:
    return [name for name, command in COMMANDS.items() if {*command.words} & {*FILES}]


def _options(command: str) -> list[str]:
    return [*COMMANDS[command].options, "--help"]


def _cases(cases: dict[str, Sequence[str]], form: str) -> str:
    """The branches of a shell's case: entries with the same words in one."""
    names: dict[str, list[str]] = {}
    for name, words in cases.items():
        names.setdefault(" ".join(words), []).append(name)
    return "\n".join(form.format("|".join(alike), words) for words, alike in names.items() if words)


def _filled(script: str, form: str) -> str:
    files = _takes_files()
    parts = {
        "values": _cases(_values(), form),
        "options": _cases({name: _options(name) for name in COMMANDS}, form),
        "words": _cases({name: _words(name) for name in COMMANDS}, form),
        "free": "|".join(_free()),
        "files": "|".join(files),
        "anywhere": "|".join(f"*:{name}" for name in files),
        "commands": " ".join([*COMMANDS, "--help", "--version"]),
        "described": "\n".join(quote(f"{name}:{told.summary}") for name, told in COMMANDS.items()),
    }
    for key, text in parts.items():
        deep = re.search(rf"^( *)@{key}@$", script, re.MULTILINE)
        script = script.replace(f"@{key}@", text.replace("\n", f"\n{deep[1]}" if deep else "\n"))
    return script


def _bash() -> str:
    return _filled(BASH, '{}) words="{}" ;;')


def _zsh() -> str:
    script = _filled(ZSH, "{}) compadd -- {} ;;")
    for option in LISTS:
        script, places = re.subn(rf"(\S*{option}\S*\)) ", r"\1 compset -P '*,'; ", script)
        assert places == 1
    return script


def _fish() -> str:
    lines = ["# Completion of cnnref for fish. Save it as ~/.config/fish/completions/cnnref.fish"]
    lines.append("complete -c cnnref -f")
    for name, command in COMMANDS.items():
        start = f"complete -c cnnref -n '__fish_use_subcommand' -a {name}"
        lines.append(f"{start} -d {_fish_quoted(command.summary)}")
        here = f"complete -c cnnref -n '__fish_seen_subcommand_from {name}'"
        if words := _words(name):
            lines.append(f"{here} -a '{' '.join(words)}'")
        if name in _takes_files():
            lines.append(f"{here} -a '(__fish_complete_suffix .py)'")
        lines += [f"{here} {_fish_option(option)}" for option in command.options]
    return "\n".join([*lines, ""])


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_option(option: str) -> str:
    told = OPTIONS[option]
    text = f"-l {option[2:]} -d {_fish_quoted(told['help'])}"
    if told.get("action") == "store_true":
        return text
    if option in PATHS:
        return f"{text} -r -F"
    if option in LISTS:
        words = " ".join(_values()[option])
        return f"{text} -x -a '(__fish_append , {words})'"
    return f"{text} -x" + (f" -a '{' '.join(_values()[option])}'" if option in _values() else "")

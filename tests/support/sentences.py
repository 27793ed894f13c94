"""The sentences in which a module refuses, read from its text: each f-string as a template, its parts named a, b, c …"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from string import ascii_lowercase

from tests.architecture.tree import File

REFUSING = frozenset({"wrong", "refuse", "ValueError", "Misconfigured", "Malformed"})
"""What is called with a sentence."""

_PLACE = re.compile(r"^(warnings/\{a\}/\{b\}\.yaml|\{a\}(/\{b\}|\{b\})?)(, line (1|\{b\}))?: ")
PASSED_ON = frozenset({"text", "sentence", "message"})
"""Names of what somebody else said, or what could not be read."""


def refusals(files: Iterable[File]) -> set[str]:
    """Every sentence that *files* refuse with, and every constant that is filled into one."""
    found: set[str] = set()
    for file in files:
        for node in file.nodes:
            if isinstance(node, ast.Call) and _name(node.func) in REFUSING:
                place = 2 if _name(node.func) == "refuse" else 0
                found |= set(_templates(node.args[place])) if len(node.args) > place else set()
    bare = map(_without_place, found)
    return {one for one in bare if any(letter.isalpha() for letter in _words(one))}


def _without_place(template: str) -> str:
    """*template* without the file and line that stand before it, its parts named anew."""
    bare = _PLACE.sub("", template)
    if bare == template:
        return template
    names = iter(ascii_lowercase)
    return re.sub(r"\{[a-z]\}", lambda _: f"{{{next(names)}}}", bare)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _templates(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _templates(node.body)
        yield from _templates(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        text, names = "", iter(ascii_lowercase)
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value).replace("{", "{{").replace("}", "}}")
            else:
                assert isinstance(part, ast.FormattedValue)
                text += f"{{{next(names)}}}"
                yield from _filled(part.value)
        yield text
    elif not (isinstance(node, ast.Name) and node.id in PASSED_ON):
        raise AssertionError(f"line {node.lineno}: write the sentence where it is refused")


def _filled(node: ast.expr) -> Iterator[str]:
    """Constants that may be filled in: `'bands' if … else 'a lookup'`, `path or 'the file'`."""
    if isinstance(node, ast.IfExp):
        yield from (one.value for one in (node.body, node.orelse) if isinstance(one, ast.Constant))
    elif isinstance(node, ast.BoolOp):
        yield from (one.value for one in node.values if isinstance(one, ast.Constant))


def _words(template: str) -> str:
    """*template* without its parts."""
    return "".join(piece.partition("}")[2] if place else piece for place, piece in enumerate(template.split("{")))

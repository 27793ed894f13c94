"""What documents claim: commands, make targets, links, paths. Each guard yields `path:line: what is wrong`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import typer
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gradeline.main import app
from tests.architecture.tree import ROOT, File, files

_PLACEHOLDER = re.compile(r"[…<>{}*\[\]]|^[A-Z]")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")
_PATH = re.compile(r"(?:shared|services|gradeline|tests|docs|deploy|requirements)/[\w./-]+")
_SHELL = ("", "sh", "shell", "bash", "console", "text")
_ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "2>"}


def documents() -> list[File]:
    """Every Markdown file of the tree."""
    return [file for file in files() if file.path.endswith(".md")]


def code(file: File) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of each line of a fence and of each inline code of a document."""
    for token in MarkdownIt("commonmark").enable("table").parse(file.text):
        line = token.map[0] + 1 if token.map else 1
        if token.type == "fence" and token.info.partition(" ")[0] in _SHELL:
            joined = token.content.replace("\\\n", " ")
            yield from ((line, text) for text in joined.splitlines())
        for child in token.children or ():
            if child.type == "code_inline":
                yield line, child.content


def wrong_commands(file: File) -> Iterator[str]:
    """`gradeline …` and `make …` that do not exist, or are given options they do not have."""
    for line, text in code(file):
        yield from (f"{file.path}:{line}: {wrong}" for wrong in wrong_in(text))


def wrong_in(text: str) -> Iterator[str]:
    """Yield what is wrong in one line of a shell."""
    words = iter(_words(text))
    for word in words:
        if word == "gradeline" or word.endswith("/gradeline"):
            yield from _wrong_gradeline(_until_end(words))
        elif word == "make":
            target = next((each for each in _until_end(words) if re.fullmatch(r"[a-z]+", each)), "help")
            if target not in make_targets():
                yield f"make {target}: there is no such target"
        elif word != "$" and word not in _ENDS and not _ASSIGNMENT.match(word) and not _passes_on(word):
            _until_end(words)


def _words(text: str) -> list[str]:
    text = text.replace("$(", " ; ").replace(")", " ; ")
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _until_end(words: Iterator[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if word in _ENDS:
            break
        found.append(word)
    return found


def _passes_on(word: str) -> bool:
    return word in {"exec", "time", "sudo", "run", "python", "-m"}


def _wrong_gradeline(words: list[str]) -> Iterator[str]:
    command, said = _root(), "gradeline"
    for word in words:
        if re.match(r"--?[a-z]", word):
            known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
            if word.partition("=")[0] not in known:
                yield f"{said} has no option {word}"
        elif commands := getattr(command, "commands", None):
            if _PLACEHOLDER.search(word):
                return
            for name in word.split("|"):
                if name not in commands:
                    yield f"{said} has no command {name}"
                elif "|" not in word:
                    command, said = commands[name], f"{said} {name}"
            if "|" in word or word not in commands:
                return


@cache
def _root() -> Any:
    return typer.main.get_command(app)


@cache
def make_targets() -> frozenset[str]:
    """The targets of the Makefile."""
    text = (ROOT / "Makefile").read_text("utf-8")
    return frozenset(re.findall(r"^([a-z]+):", text, re.MULTILINE))


def broken_links(file: File) -> Iterator[str]:
    """Relative links to what is not there, and to headings that are not there."""
    for line, target in _links(file):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        path = _resolved(file, unquote(parts.path))
        is_own = path == file.path
        if path is None or not (is_own or (ROOT / path).exists()):
            yield f"{file.path}:{line}: {target} is not there"
        elif not parts.fragment or not path.endswith(".md"):
            continue
        elif parts.fragment not in _anchors(file.text if is_own else (ROOT / path).read_text("utf-8")):
            yield f"{file.path}:{line}: {target} is not a heading there"


def _links(file: File) -> Iterator[tuple[int, str]]:
    for token in MarkdownIt("commonmark").enable("table").parse(file.text):
        for child in token.children or ():
            target = child.attrGet("href") if child.type == "link_open" else child.attrGet("src")
            if child.type in {"link_open", "image"} and isinstance(target, str):
                yield (token.map[0] + 1 if token.map else 1), target


def _resolved(file: File, path: str) -> str | None:
    """The path from the root that *path* in *file* means; None where it leaves the tree."""
    if not path:
        return file.path
    parts: list[str] = []
    for part in (PurePosixPath(file.path).parent / path).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or "."


def _anchors(text: str) -> set[str]:
    tokens = MarkdownIt("commonmark").parse(text)
    return {_anchor(after) for token, after in pairwise(tokens) if token.type == "heading_open"}


def _anchor(heading: Token) -> str:
    words = "".join(child.content for child in heading.children or ()).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def missing_paths(file: File) -> Iterator[str]:
    """Files and folders of ours named in inline code that are not there."""
    tests = {PurePosixPath(each.path).name for each in files() if each.path.startswith("tests/")}
    for line, text in code(file):
        if re.fullmatch(r"test_\w+\.py", text) and text not in tests:
            yield f"{file.path}:{line}: there is no {text}"
        elif _PATH.fullmatch(text) and not (ROOT / text).exists():
            yield f"{file.path}:{line}: {text} is not there"

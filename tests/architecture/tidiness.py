"""The guards of the style: each takes a file and yields a complaint for every place that breaks its rule."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator

from tests.architecture.tree import PRODUCT, File

Guard = Callable[[File], Iterator[str]]

FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES, MEDIAN_LINES = 300, 400, 70, 100
RATCHET: dict[str, int] = {}
"""Files over the budget, and the size each may not grow beyond. Lines leave this list and are never added."""
WORDY_INIT = "shared/core/events/__init__.py"
"""The one package whose `__init__` holds more than a docstring: the registry of events."""
BANNED_NAMES = ("util", "utils", "helper", "helpers", "common", "manager", "managers", "base_service", "misc")
REASONS = {
    "type: ignore[no-any-return]": "the library answers Any, and what it was given says what it is",
    "type: ignore[misc]": "a parent class without types; a loop variable bound in a lambda; a frozen field in a test",
    "type: ignore[attr-defined]": "a class that the line before has made sure of, or a library without types",
    "type: ignore[arg-type]": "a text that was checked against the closed list before, or a twin given to a test",
    "type: ignore[call-arg]": "pydantic-settings takes private arguments that its stubs leave out",
    "type: ignore[method-assign]": "FastAPI documents this as the way to replace its OpenAPI document",
    "type: ignore[no-untyped-def]": "a test takes a fixture that is a function",
    "type: ignore[operator]": "the exponent of a finite Decimal is a number",
    "noqa: PLW2901": "a loop that shortens the piece it holds",
    "noqa: ASYNC110": "a test that waits for a flag that nobody announces",
    "noqa: TID251": "the age of a file is compared with the clock that stamped it",
}
"""Suppressions that need no text beside them, because the reason is always this one."""
_DIRECTIVE = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b(.*)")
_CODED = re.compile(r"\s*(?::\s*([A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*)|\[([a-z-]+(?:,\s*[a-z-]+)*)\])(.*)")
_REASON = re.compile(r"\s*(?:-|–|—|#)\s*\S+\s+\S+")


def _joined(*parts: str) -> str:
    """Words that may not be in any file are put together here, so that this file is looked at like all others."""
    return "".join(parts)


HOSTS = (
    _joined("pypi", ".org"),
    _joined("files.python", "hosted"),
    _joined("registry.npm", "js"),
    _joined("repo.", "maven"),
    _joined("repo1.", "maven"),
    _joined("deb.", "debian"),
    _joined("archive.", "ubuntu"),
    _joined("index.", "crates.io"),
    _joined("proxy.", "golang.org"),
)
"""Where packages come from is the business of the machine that installs them."""
WORKSHOP = (
    _joined("helper", " agent"), _joined("sub", "agent"), _joined("Cla", "ude"), _joined("Anth", "ropic"),
    _joined("L", "LM"), _joined("Chat", "GPT"), _joined("issue", " #"), _joined("house", " rules for"),
    _joined("Co-Authored", "-By"), _joined("/work/", "main"), _joined("/work/", "shared"),
)  # fmt: skip
"""The product never speaks of how it was built, nor of the machine it was built on."""
UNFINISHED = (_joined("TO", "DO"), _joined("FIX", "ME"))


def budget(file: File) -> Iterator[str]:
    """A file and each of its functions can be read in one go."""
    most = TEST_FILE_LINES if file.package == "tests" else FILE_LINES
    if (long := len(file.lines)) > RATCHET.get(file.path, most):
        yield f"{file.path}: {long} lines; at most {RATCHET.get(file.path, most)}"
    for node in file.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            long = (node.end_lineno or node.lineno) - node.lineno + 1
            if long > FUNCTION_LINES:
                yield f"{file.path}:{node.lineno}: {node.name} has {long} lines; at most {FUNCTION_LINES}"


def docstrings(file: File) -> Iterator[str]:
    """Every module says what it is for; what is public in the product says what it gives."""
    if not ast.get_docstring(file.syntax):
        yield f"{file.path}: no docstring"
    if file.package in PRODUCT:
        yield from _undocumented(file, file.syntax)


def _undocumented(file: File, holder: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in holder.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{file.path}:{node.lineno}: {node.name} has no docstring"
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(file, node)


def bare_init(file: File) -> Iterator[str]:
    """An `__init__.py` holds a docstring and nothing else."""
    body = file.syntax.body
    if file.path.endswith("/__init__.py") and file.path != WORDY_INIT and (len(body) != 1 or not _is_text(body[0])):
        yield f"{file.path}: holds more than a docstring"


def names(file: File) -> Iterator[str]:
    """No file, class or function is named for being a bag of things."""
    found = [(1, part) for part in file.path.removesuffix(".py").split("/")]
    for node in file.nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((node.lineno, node.name))
    for line, name in found:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
        if any(f"_{banned}_" in f"_{words}_" for banned in BANNED_NAMES):
            yield f"{file.path}:{line}: {name} says nothing; name it for what it does"


def suppressions(file: File) -> Iterator[str]:
    """What switches a check off names the check, and says why here or in `REASONS`."""
    if not _DIRECTIVE.search(file.text):
        return
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        directive = _DIRECTIVE.search(token.string) if token.type == tokenize.COMMENT else None
        if directive is not None and not _is_justified(directive[1], directive[2]):
            yield f"{file.path}:{token.start[0]}: {token.string.strip()} gives no reason"


def _is_justified(what: str, rest: str) -> bool:
    if what == "pragma":
        return len(rest.split()) > 4  # `: no cover` and a reason
    coded = _CODED.match(rest)
    if coded is None:
        return False
    written = f"noqa: {coded[1]}" if what == "noqa" else f"type: ignore[{coded[2]}]"
    return bool(_REASON.match(coded[3])) or written in REASONS


def hosts(file: File) -> Iterator[str]:
    """No file names a host that packages come from."""
    yield from _containing(file, HOSTS, text=file.text.lower())


def workshop(file: File) -> Iterator[str]:
    """No file speaks of how the product was built."""
    yield from _containing(file, WORKSHOP, text=file.text)


def unfinished(file: File) -> Iterator[str]:
    """What is to be done is not in the files."""
    yield from _containing(file, UNFINISHED, text=file.text)


def _containing(file: File, words: tuple[str, ...], *, text: str) -> Iterator[str]:
    for word in words:
        if word in text:
            for found in re.finditer(rf"(?<![A-Za-z]){re.escape(word)}(?![a-z])", text):
                yield f"{file.path}:{text.count(chr(10), 0, found.start()) + 1}: {word}"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


OF_PYTHON: tuple[Guard, ...] = (budget, docstrings, bare_init, names, suppressions)
OF_TEXT: tuple[Guard, ...] = (hosts, workshop, unfinished)

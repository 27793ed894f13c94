"""YAML as text with line numbers: every scalar is parsed by us, every key taken once, what is left over refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar

import yaml

from shared.core import limits
from shared.core.errors import Misconfigured

T = TypeVar("T")

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every scalar is text; the C parser where the wheel has it."""


def read_number(text: str) -> Decimal:
    """Return *text* as a finite Decimal in its shortest form. Raises ValueError."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("write a number, e.g. 0.95") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise ValueError("write a finite number below 10^15")
    shortest = number.normalize()
    return shortest.quantize(Decimal(1)) if shortest.as_tuple().exponent > 0 else shortest  # type: ignore[operator] # finite


def read_whole(text: str) -> int:
    """Return *text* as a whole number that is not negative. Raises ValueError."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("write a whole number, e.g. 90")
    return int(text)


def read_date(text: str) -> date:
    """Return *text* as a date. Raises ValueError."""
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        raise ValueError("write a date as YYYY-MM-DD, e.g. 2026-07-01") from None
    if parsed.isoformat() != text:
        raise ValueError("write a date as YYYY-MM-DD, e.g. 2026-07-01")
    return parsed


def read_flag(text: str) -> bool:
    """Return *text* as a switch. Raises ValueError."""
    if text not in ("yes", "no", "true", "false"):
        raise ValueError("write yes or no")
    return text in ("yes", "true")


def read_text(text: str) -> str:
    """Return *text*, which may not be empty. Raises ValueError."""
    if not text.strip():
        raise ValueError("write something")
    return text


class Section:
    """One mapping of a file. Every key is taken once; `close` refuses what nobody took."""

    def __init__(self, file: str, node: yaml.Node, path: str = "") -> None:
        """*node* must be a mapping; *path* is where it stands in the file, for people."""
        self.file, self.node, self.path = file, node, path
        if not isinstance(node, yaml.MappingNode):
            refuse(file, node, f"{path or 'the file'} must be a mapping of keys to values")
        self._nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                refuse(file, key, f"a key of {path or 'the file'} must be text")
            if key.value in self._nodes:
                refuse(file, key, f"the key {key.value!r} stands twice in {path or 'the file'}; keep one")
            self._nodes[key.value] = value
        self._places = dict(self._nodes)

    @property
    def line(self) -> int:
        """The line on which it begins, from 1."""
        return int(self.node.start_mark.line) + 1

    def __contains__(self, key: str) -> bool:
        """Whether *key* is there and not yet taken."""
        return key in self._nodes

    def again(self) -> Section:
        """The same section with nothing taken yet."""
        return Section(self.file, self.node, self.path)

    def wrong(self, sentence: str, key: str | None = None) -> NoReturn:
        """Refuse the file at *key*, or at this section. Raises Misconfigured."""
        node = self._places.get(key, self.node) if key else self.node
        refuse(self.file, node, f"{self.at(key)}: {sentence}")

    def at(self, key: str | None = None) -> str:
        """Where *key* stands, e.g. `cards[2].bands`."""
        return ".".join(part for part in (self.path, key) if part) or "the file"

    def take(self, key: str, read: Callable[[str], T], default: T | None = None) -> T:
        """Return the scalar under *key* as *read* sees it; without a default the key must be there."""
        node = self._nodes.pop(key, None)
        if node is None:
            if default is None:
                self.wrong(f"the key {key!r} is missing; add it")
            return default
        return self._scalar(key, node, read)

    def maybe(self, key: str, read: Callable[[str], T]) -> T | None:
        """Return the scalar under *key*, or None where it is absent."""
        node = self._nodes.pop(key, None)
        return None if node is None else self._scalar(key, node, read)

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """Return the scalar under *key*, one of a closed list."""

        def read(text: str) -> str:
            if text not in choices:
                raise ValueError(f"write one of {', '.join(choices)}")
            return text

        return self.take(key, read, default)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of text under *key*."""
        node = self._nodes.pop(key, None)
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(f"{key!r} must be a list")
        return tuple(self._scalar(key, item, read_text) for item in node.value)

    def section(self, key: str) -> Section:
        """Return the mapping under *key*, which must be there."""
        node = self._nodes.pop(key, None)
        if node is None:
            self.wrong(f"the key {key!r} is missing; add it")
        return Section(self.file, node, self.at(key))

    def maybe_section(self, key: str) -> Section | None:
        """Return the mapping under *key*, or None where it is absent."""
        return self.section(key) if key in self._nodes else None

    def is_scalar(self, key: str) -> bool:
        """Whether *key* holds a single text."""
        return isinstance(self._nodes.get(key), yaml.ScalarNode)

    def is_list(self, key: str) -> bool:
        """Whether *key* holds a list."""
        return isinstance(self._nodes.get(key), yaml.SequenceNode)

    def sections(self, key: str) -> tuple[Section, ...]:
        """Return the list of mappings under *key*; none where it is absent."""
        node = self._nodes.pop(key, None)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            refuse(self.file, node, f"{self.at(key)} must be a list")
        return tuple(Section(self.file, item, f"{self.at(key)}[{place}]") for place, item in enumerate(node.value))

    def scalars(self, read: Callable[[str], T]) -> dict[str, T]:
        """Take everything that is left as key → scalar."""
        nodes, self._nodes = self._nodes, {}
        return {key: self._scalar(key, node, read) for key, node in nodes.items()}

    def names(self) -> Iterator[str]:
        """The keys nobody has taken yet."""
        return iter(tuple(self._nodes))

    def close(self) -> None:
        """Refuse what nobody took. Raises Misconfigured."""
        for key, node in self._nodes.items():
            refuse(self.file, node, f"{self.at()}: the key {key!r} is not known here; correct or remove it")

    def _scalar(self, key: str, node: yaml.Node, read: Callable[[str], T]) -> T:
        if not isinstance(node, yaml.ScalarNode):
            refuse(self.file, node, f"{self.at(key)} must be a single value")
        try:
            return read(node.value)
        except ValueError as error:
            refuse(self.file, node, f"{self.at(key)} is {node.value!r}: {error}")


def read_section(text: str, file: str) -> Section:
    """Return the one mapping that *text* holds. Raises Misconfigured, naming *file* and line."""
    return Section(file, _compose(text, file))


def read_sections(text: str, file: str) -> tuple[Section, ...]:
    """Return the list of mappings that *text* holds. Raises Misconfigured."""
    node = _compose(text, file)
    if not isinstance(node, yaml.SequenceNode):
        refuse(file, node, "the file must be a list")
    return tuple(Section(file, item, f"[{place}]") for place, item in enumerate(node.value))


def read_values(section: Section, kinds: Mapping[str, Callable[[str], T]]) -> dict[str, T | None]:
    """Take everything that is left in *section* by the reader of its key; `null` is None."""

    def reader(key: str) -> Callable[[str], T | None]:
        if key not in kinds:
            section.wrong(f"{key!r} is not a measure of this policy; it reads {', '.join(sorted(kinds))}", key)
        return lambda text: None if text == "null" else kinds[key](text)

    return {key: section.maybe(key, reader(key)) for key in section.names()}


def refuse(file: str, node: yaml.Node, sentence: str) -> NoReturn:
    """Raise Misconfigured with file and line."""
    raise Misconfigured(f"{file}, line {node.start_mark.line + 1}: {sentence}")


def _bound(text: str, file: str) -> None:
    """Refuse what would exhaust stack or memory before it is read. Raises Misconfigured, yaml errors."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        where = f"{file}, line {event.start_mark.line + 1 if event.start_mark else 1}"
        if depth > limits.DEPTH:
            raise Misconfigured(f"{where}: more than {limits.DEPTH} levels lie in one another; no file needs ten")
        if isinstance(event, yaml.AliasEvent):
            raise Misconfigured(f"{where}: *{event.anchor} repeats another part; write it out")


def _compose(text: str, file: str) -> yaml.Node:
    try:
        _bound(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise Misconfigured(f"{file}{line}: this is not YAML: {getattr(error, 'problem', error)}") from None
    if node is None:
        raise Misconfigured(f"{file}, line 1: the file is empty")
    return node

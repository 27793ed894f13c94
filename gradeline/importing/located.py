"""YAML that remembers where everything stands, so that every mistake in a mapping names its file and line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from shared.core.errors import Misconfigured


@dataclass(frozen=True)
class Located:
    """One YAML node with the name of its file. Every scalar is a string: no date or number is guessed."""

    node: yaml.Node
    file: str
    key: yaml.Node | None = None
    """The key that it stands behind, where there is one: a block begins a line later than its key."""

    def wrong(self, message: str) -> Misconfigured:
        """The error that says *message* about this place."""
        return Misconfigured(f"{self.file}:{(self.key or self.node).start_mark.line + 1}: {message}")

    def text(self) -> str:
        """The string here. Raises Misconfigured where a list or a table stands."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.wrong("expected one value here, found a list or a table; write a single word or quoted text")
        return str(self.node.value)

    def is_text(self) -> bool:
        """Whether a single value stands here."""
        return isinstance(self.node, yaml.ScalarNode)

    def items(self) -> list[Located]:
        """The entries of the list here. Raises Misconfigured where no list stands."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong("expected a list here; begin each entry with '- '")
        return [Located(item, self.file) for item in self.node.value]

    def table(self) -> dict[str, Located]:
        """The keys and values here. Raises Misconfigured for a repeated key or where no table stands."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong("expected a table of 'key: value' lines here")
        found: dict[str, Located] = {}
        for key, value in self.node.value:
            name = Located(key, self.file).text()
            if name in found:
                raise Located(key, self.file).wrong(f"'{name}' is written twice; keep one of them")
            found[name] = Located(value, self.file, key)
        return found

    def fields(self, *, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Located]:
        """The table here, with every required key and no key that is neither *required* nor *optional*."""
        found, required, optional = self.table(), tuple(required), tuple(optional)
        for name in required:
            if name not in found:
                raise self.wrong(f"'{name}:' is missing; add it")
        for name, value in found.items():
            if name not in required and name not in optional:
                known = ", ".join((*required, *optional))
                raise value.wrong(f"'{name}' is not known here; use one of: {known}")
        return found


def parse(text: str, file: str) -> Located:
    """Read YAML *text*. Raises Misconfigured naming *file* and the line."""
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(broken, "problem", None) or str(broken)
        raise Misconfigured(f"{file}:{line}: this is not YAML: {problem}; mend the line") from broken
    if node is None:
        raise Misconfigured(f"{file}:1: the file is empty; see docs/import.md for what a mapping holds")
    return Located(node, file)

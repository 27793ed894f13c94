"""XML as plain nodes that know their line. No document type, so no entities: a file that has one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from shared.core.errors import Misconfigured


class Node:
    """One element: its name without a prefix, its attributes and children."""

    __slots__ = ("attributes", "children", "file", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], file: str, line: int) -> None:
        """An element that begins on *line* of *file*."""
        self.name, self.attributes, self.file, self.line = name.rpartition(":")[2], attributes, file, line
        self.children: list[Node] = []
        self.text = ""

    def wrong(self, sentence: str) -> NoReturn:
        """Refuse the file here. Raises Misconfigured."""
        raise Misconfigured(f"{self.file}, line {self.line}: {self.name}: {sentence}")

    def get(self, attribute: str) -> str:
        """Return the attribute, which must be there."""
        value = self.attributes.get(attribute)
        if value is None:
            self.wrong(f"the attribute {attribute!r} is missing; add it")
        return value

    def all(self, name: str) -> Iterator[Node]:
        """The children called *name*."""
        return (child for child in self.children if child.name == name)

    def one(self, name: str) -> Node:
        """The only child called *name*."""
        found = list(self.all(name))
        if len(found) != 1:
            self.wrong(f"there must be one {name}, not {len(found)}")
        return found[0]


def read_xml(text: str, file: str) -> Node:
    """Return the root of *text*. Raises Misconfigured, naming *file* and line."""
    top = Node("document", {}, file, 1)
    open_nodes = [top]
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, attributes, file, parser.CurrentLineNumber)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def document_type(*_: object) -> None:
        raise Misconfigured(f"{file}, line {parser.CurrentLineNumber}: a document type is not read; remove it")

    def characters(text: str) -> None:
        open_nodes[-1].text += text

    parser.StartElementHandler = start
    parser.CharacterDataHandler = characters
    parser.EndElementHandler = lambda _: open_nodes.pop()
    parser.StartDoctypeDeclHandler = document_type
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise Misconfigured(f"{file}, line {error.lineno}: this is not XML: {expat.ErrorString(error.code)}") from None
    return top.children[0]

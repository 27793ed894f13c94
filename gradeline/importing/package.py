"""A look into a workbook's package (.xlsx is a zip file) before anything unfolds it: how large it really is, how wide its
sheets are, and which cells hold a formula without a result or an error, which are read as empty otherwise."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from xml.etree import ElementTree
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from shared.core.errors import Misconfigured

MEMBERS = 10_000
UNFOLDED_BYTES = 2 * 1024**3
"""A sheet of a million rows and a dozen columns has 600 MB of XML."""
RATIO = 200
"""Ledgers shrink to a tenth, sheets of zeros to a fiftieth; what shrinks to less than this was made to burst."""
RATIO_FROM_BYTES = 16 * 1024**2
CELLS = 48_000_000
"""Rows × columns that a sheet may span; its reader holds them all at once."""
CHUNK = 1 << 20
LONGEST_CELL = 1 << 17
"""Excel allows 32,767 characters in a cell."""
_LOCAL = struct.Struct("<26xHH")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_COLUMNS = re.compile(rb'<(?:\w+:)?c\s+r="([A-Z]{1,3})')
_ROWS = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d{1,7})"')
_ROOT = re.compile(rb"<(\w+:)?worksheet[\s>]")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_RESULT = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>[^<]|<(?:\w+:)?is>")
FORMULA, ERROR = "formula", "error"
Flaws = dict[tuple[int, int], str]
"""(row from 1, column from 0) → FORMULA or ERROR."""


def checked(path: Path) -> dict[str, Flaws]:
    """The flawed cells of each sheet, by its name. Raises Misconfigured for a package that is damaged or too large."""
    try:
        with ZipFile(path) as package, path.open("rb") as file:
            members = {info.filename.lstrip("/"): info for info in package.infolist()}
            _bounded(path, list(members.values()))
            sheets = {_at(member): name for name, member in _sheets(package, members).items()}
            flaws: dict[str, Flaws] = {name: {} for name in sheets.values()}
            for name, info in members.items():
                if name in sheets:
                    flaws[sheets[name]] = _flaws(path, sheets[name], _unfolded(path, file, info))
                else:
                    for _ in _unfolded(path, file, info):
                        pass
            return flaws
    except (BadZipFile, zlib.error, struct.error, ElementTree.ParseError, KeyError, NotImplementedError) as damaged:
        raise Misconfigured(f"{path}: the workbook is damaged ({damaged}); open it and save it again") from damaged


def _bounded(path: Path, members: list[ZipInfo]) -> None:
    total = sum(info.file_size for info in members)
    burst = any(i.file_size > RATIO_FROM_BYTES and i.file_size > RATIO * max(i.compress_size, 1) for i in members)
    if len(members) > MEMBERS or total > UNFOLDED_BYTES or burst:
        raise Misconfigured(
            f"{path}: unfolded the workbook has {total:,} bytes in {len(members):,} parts, which no ledger has; "
            "export fewer rows, or as CSV"
        )


def _unfolded(path: Path, file: BinaryIO, info: ZipInfo) -> Iterator[bytes]:
    """The bytes of one member, and never more than its entry says: an entry that lies is refused."""
    file.seek(info.header_offset)
    name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    file.seek(name + extra, 1)
    left, size = info.compress_size, 0
    inflate = zlib.decompressobj(-15) if info.compress_type == ZIP_DEFLATED else None
    if inflate is None and info.compress_type != ZIP_STORED:
        raise BadZipFile(f"{info.filename} is packed in another way")
    waiting = b""
    while left or waiting:
        if not waiting:
            waiting = file.read(min(CHUNK, left))
            left -= len(waiting)
            if not waiting:
                break
        data = waiting if inflate is None else inflate.decompress(waiting, CHUNK)
        waiting = b"" if inflate is None else inflate.unconsumed_tail
        size += len(data)
        if size > info.file_size:
            break
        yield data
    if size != info.file_size:
        raise Misconfigured(f"{path}: {info.filename} is not as long as the workbook says; open it and save it again")


def _sheets(package: ZipFile, members: dict[str, ZipInfo]) -> dict[str, str]:
    """Sheet name → member; empty for packages that are no .xlsx."""
    if "xl/workbook.xml" not in members:
        return {}
    book = ElementTree.fromstring(package.read(members["xl/workbook.xml"]))  # noqa: S314 - expat bounds entities
    links = ElementTree.fromstring(package.read(members["xl/_rels/workbook.xml.rels"]))  # noqa: S314 - expat bounds entities
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    found = {}
    for node in book.iter():
        if node.tag.rpartition("}")[2] == "sheet":
            link = next((value for key, value in node.attrib.items() if key.endswith("}id")), None)
            if link in targets:
                found[node.get("name", "")] = targets[link]
    return found


def _at(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _flaws(path: Path, name: str, chunks: Iterator[bytes]) -> Flaws:
    """Formulas without a result and errors of one sheet. Raises Misconfigured where it spans too many cells."""
    found: Flaws = {}
    columns: set[bytes] = set()
    last, count, rest, start = 0, 0, b"", b""
    for chunk in chain(chunks, (b"",)):
        text = rest + chunk
        start = start or _start_of_cells(text)
        # the end of the chunk may cut the last cell: it is looked at with the next
        end = text.rfind(start) if chunk and len(rest) < LONGEST_CELL else len(text)
        whole, rest = text[: max(end, 0)], text[max(end, 0) :]
        columns.update(_COLUMNS.findall(whole))
        last = max(last, *(int(row) for row in _ROWS.findall(whole)), 0)
        count += whole.count(start[:-1])  # they may leave out where they are
        if max(count, last * max((place(letters) + 1 for letters in columns), default=0)) > CELLS:
            raise Misconfigured(
                f"{path}: sheet '{name}' spans more than {CELLS:,} cells; export it again without the rest"
            )
        if b"<f" in whole or b":f" in whole or b't="e"' in whole:
            found |= _flawed(whole)
    return found


def _start_of_cells(text: bytes) -> bytes:
    root = _ROOT.search(text)
    return b"<" + (root[1] or b"" if root else b"") + b"c "


def _flawed(text: bytes) -> Flaws:
    found: Flaws = {}
    for cell in _CELL.finditer(text):
        said, inner = cell[1], cell[2] or b""
        if b't="e"' in said:
            flaw = ERROR
        elif _FORMULA.search(inner) and not _RESULT.search(inner) and not (b't="str"' in said and b"<v" in inner):
            flaw = FORMULA
        else:
            continue
        where = _PLACE.search(said)
        if where:
            found[int(where[2]), place(where[1])] = flaw
    return found


def place(letters: bytes) -> int:
    """The place, from 0, of the column that a spreadsheet calls *letters*."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1

"""In which encoding a delimited file is written: its byte order mark, else UTF-8, else GB18030, each strictly and whole.

Nothing is guessed from frequencies. A file that is GB18030 by accident, such as Latin-1 with few accents, has its
accented letters wrong and its columns right, so the encoding is said aloud, and a mapping can name it.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from shared.core.errors import Misconfigured
from shared.edge.codes import Words

CHUNK = 1 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


class Encoding(NamedTuple):
    """The name Python knows it by, and why it was chosen."""

    name: str
    why: Words


def detected(path: Path) -> Encoding:
    """The encoding of the file at *path*. Reads all of it. Raises Misconfigured where none fits, OSError."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name, called in MARKS:
        if head.startswith(mark):
            return Encoding(
                name, Words(f"read as {called}: its first bytes say so", f"按 {called} 读取：文件头有字节顺序标记")
            )
    bad = _first_bad(path, "utf-8")
    if bad is None:
        return Encoding("utf-8", Words("read as UTF-8: every byte fits", "按 UTF-8 读取：全部字节符合"))
    if _first_bad(path, "gb18030") is None:
        return Encoding(
            "gb18030",
            Words(
                f"read as GB18030: byte {bad:,} is not UTF-8, and every byte fits GB18030; "
                "look at the names below, or say encoding: in the mapping",
                f"按 GB18030 读取：第 {bad:,} 字节不是 UTF-8，全部字节符合 GB18030；请核对名称，或在映射中写明 encoding:",
            ),
        )
    raise Misconfigured(
        f"{path}: neither UTF-8 (see byte {bad:,}) nor GB18030 all through; say encoding: in the mapping, "
        "then only the cells at fault are refused"
    )


def _first_bad(path: Path, name: str) -> int | None:
    """The first byte, counted from 1, that is not *name*; None where all are."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    read = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as wrong:
                return read - waiting + wrong.start + 1
            read += len(chunk)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return read
    return None

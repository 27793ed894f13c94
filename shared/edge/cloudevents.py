"""The envelope on the wire (CloudEvents 1.0, structured and binary) and the rules of its attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.core import limits
from shared.core.breach import Breach
from shared.core.errors import Undecodable
from shared.core.events.base import Data, Fact
from shared.core.events.values import check_customer_id, check_id

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

_Extension = Annotated[str, Meta(min_length=1, max_length=limits.EXTENSION_CHARACTERS)]
_Instant = Annotated[datetime, Meta(tz=True)]
_is_plain_subject = re.compile(r"[A-Za-z0-9_.\-]+").fullmatch
_FIRST_YEAR, _LAST_YEAR = limits.EARLIEST_DATE.year, limits.LATEST_DATE.year
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")


class Head(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The attributes we read, in the order we write them; others are accepted and ignored."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARACTERS)]
    source: Annotated[str, Meta(min_length=1, max_length=limits.SOURCE_CHARACTERS)]
    type: Annotated[str, Meta(min_length=1, max_length=limits.TYPE_CHARACTERS)]
    subject: Annotated[str, Meta(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]
    time: _Instant
    datacontenttype: str | None = None
    recordedtime: _Instant | None = None
    sequence: _Extension | None = None
    traceparent: _Extension | None = None


class Wire(Head, kw_only=True, omit_defaults=True):
    """The whole event; the data stay bytes until their type is known."""

    data: msgspec.Raw


def head_of(headers: Sequence[tuple[str, bytes]]) -> dict[str, str] | None:
    """Return the attributes in the headers `ce_…` of a binary event, or None for a structured one. Raises Undecodable."""
    attributes: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type" and value.startswith(b"application/cloudevents"):
            _check_charset(value.decode("latin-1"))
            return None
        if lower == "content-type" or lower.startswith("ce_"):
            attribute = "datacontenttype" if lower == "content-type" else lower[3:]
            pointer = f"/{attribute}"
            try:
                attributes[attribute] = value.decode()
            except UnicodeDecodeError as error:
                message = f"{pointer}: is not UTF-8; write it in UTF-8, percent-encoded where it is an HTTP header"
                raise Undecodable(message, pointer=pointer, rule="characters") from error
            if b"\0" in value:
                raise Undecodable(f"{pointer}: holds NUL; take it out", pointer=pointer, rule="nul")
    return attributes if "specversion" in attributes else None


def check_head(head: Head, cls: type[Data]) -> None:
    """Raise Undecodable where an attribute breaks a rule of the conventions, for an event of class *cls*."""
    if not _is_plain_subject(head.subject) or cls.SUBJECT is not None:
        _check_subject(head.subject, cls)
    if not head.id.isprintable():
        raise Undecodable("/id: holds control characters; take them out", pointer="/id", rule="characters")
    check_source(head.source)
    if not _FIRST_YEAR <= head.time.year <= _LAST_YEAR:
        raise Undecodable("/time: the year is out of range; write the year it happened", pointer="/time", rule="range")
    content_type = head.datacontenttype
    if content_type is not None and content_type != JSON and not content_type.startswith(f"{JSON};"):
        message = f"/datacontenttype: must be {JSON}; send the data as JSON"
        raise Undecodable(message, pointer="/datacontenttype", rule="content-type")
    if content_type is not None:
        _check_charset(content_type)


def is_utf8(content_type: str) -> bool:
    """Whether *content_type* names no other encoding than the one in which JSON is exchanged (RFC 8259 section 8.1)."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8", "us-ascii"}:
            return False
    return True


def _check_charset(content_type: str) -> None:
    if not is_utf8(content_type):
        message = f"/datacontenttype: says {content_type}; send JSON in UTF-8"
        raise Undecodable(message, pointer="/datacontenttype", rule="content-type")


def _check_subject(subject: str, cls: type[Data]) -> None:
    """Raise Undecodable unless *subject* may name the customer (or what else *cls* is about)."""
    try:
        if cls.SUBJECT is not None:
            check_id(subject, at="/subject")
            if subject != cls.SUBJECT:
                message = f"events of this type are about {cls.SUBJECT}; write that"
                raise Breach(message, rule="subject", pointer="/subject")
        elif issubclass(cls, Fact):
            check_customer_id(subject, at="/subject")
        else:
            check_id(subject, at="/subject")
    except Breach as breach:
        raise Undecodable(f"/subject: {breach.message}", pointer=breach.pointer, rule=breach.rule) from None


@lru_cache(maxsize=1024)
def check_source(source: str) -> None:
    """Raise Undecodable unless *source* is a URI-reference (RFC 3986). There are few sources, so the answer is kept."""
    if not _URI_REFERENCE.fullmatch(source):
        message = (
            "/source: is not a URI-reference; percent-encode what is not a letter, digit or -._~:/?#[]@!$&'()*+,;="
        )
        raise Undecodable(message, pointer="/source", rule="characters")

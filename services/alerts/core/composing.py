"""What a message says, in its reader's language: a subject, one entry for each alert, counts, and where to look. Pure.

Who may not see grades (AL-14) reads whether credit is available and nothing that a grade could be told from: only kinds that the
words call open say their figures to everybody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from services.alerts.core import writing
from services.alerts.core.message import Message
from services.alerts.core.notice import Notice
from shared.core.events.values import Severity

GRAVEST_FIRST: tuple[Severity, ...] = ("critical", "warning", "info")
AVAILABLE = "credit_available"
"""The figure that says `yes` or `no` to who may not see grades."""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one kind of alert. `{name}` stands for a figure, a label, `subject` or `kind`."""

    title: str
    text: str = ""
    row: str = ""
    """Of each row that is listed below; empty: none are."""
    row_open: str = ""
    """The same for who may not see grades."""
    open: bool = False
    """Its title says nothing of a grade, so everybody who is told of it may read that."""
    of_nobody: bool = False
    """It is about no one customer, so there is no credit to speak of: its text is open as well."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is said in one language."""

    severity: dict[Severity, str]
    what: dict[str, str]
    kinds: dict[str, Kind]
    codes: dict[str, str]
    """What a code that stands as a figure means."""
    other: Kind
    """For a kind that has no words."""
    reserved: Kind
    """For who may not see grades."""
    available: dict[str, str]
    """yes, no, unknown."""
    many: str
    """`{count}`, `{counts}`: the subject of several."""
    digest: str
    storm: str
    more: str
    """`{count}`, `{kinds}`: those that are not shown one by one."""
    due: str
    look: str
    instead: str
    separator: str
    """Between the parts of a list."""
    stop: str
    """Between a label and what it says."""
    gap: str
    """Between the parts of a text; a part whose figure is not known is left out."""


class Entry(msgspec.Struct, frozen=True):
    """One alert as it is told."""

    severity: Severity
    heading: str
    """Its severity and what happened, in words."""
    title: str
    text: str
    link: str
    rows: tuple[str, ...] = ()


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """What is told. Shapes for mail and chat are made of it by `rendering`."""

    subject: str
    severity: Severity
    entries: tuple[Entry, ...]
    """The gravest first."""
    kinds: tuple[str, ...]
    """The kind of each entry, in words that say nothing else."""
    notes: tuple[str, ...]
    link: str
    look: str
    more: str
    language: str


def compose(messages: Sequence[Message], words: Words, *, link: Callable[[str], str]) -> Composed:
    """What *messages* say together: those of one address in one language, of which one or more are sent as one.

    *link* gives the address of the page of an alert, of the list for ""; empty: there is none.
    """
    first = messages[0]
    is_of_house = first.form != "customer"
    notices = sorted(
        (notice for message in messages for notice in message.notices),
        key=lambda one: (GRAVEST_FIRST.index(one.severity), one.at, one.notice_id),
    )
    entries = tuple(_entry(one, words, first, link(one.alert_id) if is_of_house else "") for one in notices)
    form = first.form if len(messages) == 1 else "storm"
    subject = entries[0].title if len(entries) == 1 else _subject(form, notices, words)
    grave = notices[0].severity if notices else first.severity
    heading = f"[{words.severity[grave]}] " if is_of_house else ""
    return Composed(
        subject=heading + subject,
        severity=grave,
        entries=entries,
        kinds=tuple(words.reserved.text if not first.sees_grades else one.kind for one in notices),
        notes=(words.instead,) if any(message.instead_of for message in messages) else (),
        link=entries[0].link if len(entries) == 1 else link("") * is_of_house,
        look=words.look,
        more=words.more,
        language=first.language,
    )


def counted(notices: Iterable[Notice], words: Words) -> str:
    """`3 critical, 20 warning`, the gravest first."""
    found = Counter(one.severity for one in notices)
    parts = [f"{found[one]} {words.severity[one]}" for one in GRAVEST_FIRST if found[one]]
    return words.separator.join(parts)


def _subject(form: str, notices: Sequence[Notice], words: Words) -> str:
    line = {"digest": words.digest, "storm": words.storm}.get(form, words.many)
    return line.format(count=len(notices), counts=counted(notices, words))


def _entry(notice: Notice, words: Words, message: Message, link: str) -> Entry:
    kind, figures = words.kinds.get(notice.kind, words.other), _figures(notice, words, message.language)
    if not message.sees_grades:
        title = kind.title if kind.open else words.reserved.title
        kind = Kind(title=title, text=kind.text if kind.of_nobody else words.reserved.text, row=kind.row_open)
    what = words.what.get(notice.what, "")
    text = _without_gaps(kind.text.format_map(figures), words.gap)
    if notice.due_on is not None:
        due = words.due.format(date=writing.day(notice.due_on.isoformat(), message.language))
        text = f"{text}{words.separator if text else ''}{due}"
    return Entry(
        severity=notice.severity,
        heading=words.stop.join(filter(None, (words.severity[notice.severity], what))) * (message.form != "customer"),
        title=plain(kind.title.format_map(figures)),
        text=plain(text),
        link=link,
        rows=tuple(_row(kind.row, one, notice, words, message.language) for one in notice.rows if kind.row),
    )


def _row(line: str, row: Mapping[str, str], notice: Notice, words: Words, language: str) -> str:
    """One row of *notice*, filled with its own figures alone."""
    own = msgspec.structs.replace(notice, figures=dict(row))
    return plain(_without_gaps(line.format_map(_figures(own, words, language)), words.gap))


def _figures(notice: Notice, words: Words, language: str) -> _Figures:
    figures = {name: _said(value, words) for name, value in writing.all_written(notice.figures, language).items()}
    return _Figures(
        {
            **notice.labels,
            **figures,
            "subject": notice.subject,
            "kind": notice.kind.replace("_", " "),
            "kind_asked": figures.get("kind", writing.MISSING),
            "available": words.available.get(notice.figures.get(AVAILABLE, ""), words.available["unknown"]),
        }
    )


def _said(value: str, words: Words) -> str:
    """A code, or several with commas between, in words; everything else as it is."""
    if value in words.codes:
        return words.codes[value]
    parts = [one.strip() for one in value.split(",")]
    return words.separator.join(words.codes[one] for one in parts) if set(parts) <= words.codes.keys() else value


def _without_gaps(text: str, gap: str) -> str:
    """The parts of *text* between *gap* that say something."""
    return gap.join(part for part in text.split(gap) if writing.MISSING not in part)


class _Figures(dict[str, str]):
    """A figure that the decision did not carry is a dash, never an error: an alert is told whatever is missing."""

    def __missing__(self, name: str) -> str:
        return writing.MISSING


_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def plain(text: str) -> str:
    """*text* on one line, without what moves or hides other text."""
    return _UNPRINTED.sub(" ", text).strip()

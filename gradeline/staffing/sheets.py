"""The four tables of staff: their columns in English and Chinese, and how a row becomes records and a record a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Literal, NamedTuple, TypeVar, get_args

from services.alerts.core.people import Absence, Assignment, Calendar, Contact, Level, Person, Post, Record, Unit
from shared.core.errors import Malformed
from shared.edge.codes import Words

LEVELS = dict(zip(("总部", "分部", "中心支部", "二级支部", "团队", "客户经理"), get_args(Level), strict=True))
"""DP-05, from the top."""
LANGUAGES: dict[str, Literal["en", "zh"]] = {"zh": "zh", "en": "en", "中文": "zh", "英文": "en"}
YES, NO = ("yes", "是", "true", "1"), ("", "no", "否", "false", "0")
COLUMNS: dict[str, Words] = {
    "person": Words("person", "工号"),
    "name_zh": Words("name_zh", "中文姓名"),
    "name_en": Words("name_en", "英文姓名"),
    "language": Words("language", "语言"),
    "unit": Words("unit", "单位"),
    "leader": Words("leader", "上级"),
    "codes": Words("codes", "客户经理代码"),
    "posts": Words("posts", "岗位"),
    "contacts": Words("contacts", "联系方式"),
    "zone": Words("zone", "时区"),
    "calendar": Words("calendar", "工作日历"),
    "quiet_from": Words("quiet_from", "免打扰开始"),
    "quiet_to": Words("quiet_to", "免打扰结束"),
    "mutes": Words("mutes", "不接收"),
    "gone": Words("gone", "已离职"),
    "level": Words("level", "层级"),
    "parent": Words("parent", "上级单位"),
    "regions": Words("regions", "地区"),
    "from": Words("from", "开始日"),
    "to": Words("to", "结束日"),
    "deputy": Words("deputy", "代理人"),
    "reason": Words("reason", "原因"),
    "customer": Words("customer", "客户编号"),
}
Cells = Mapping[str, str]
T = TypeVar("T")


class Wrong(Malformed):
    """One cell that cannot be read: the pointer names its column."""

    def __init__(self, column: str, en: str, zh: str) -> None:
        """*en*, *zh*: what is wrong and what to write instead."""
        super().__init__(en, pointer=f"/{column}", rule="staff-cell")
        self.column, self.words = column, Words(en, zh)


class Sheet(NamedTuple):
    """One kind of table."""

    name: str
    columns: tuple[str, ...]
    needed: frozenset[str]
    """It is this table where the header has these columns."""
    read: Callable[[Cells], list[Record]]
    fields: Mapping[str, str]
    """Field of a record → its column, where they are called differently."""


def _person(cells: Cells) -> list[Record]:
    name = _filled(cells, "person")
    zh, en = cells.get("name_zh", ""), cells.get("name_en", "")
    if not (zh or en):
        raise Wrong("name_zh", "a person has a name; write one", "请填写姓名")
    gone = _flag(cells, "gone")
    found: list[Record] = [
        Person(
            person=name,
            name_en=en or zh,
            name_zh=zh or en,
            language=_choice(cells, "language", LANGUAGES, "zh"),
            unit=cells.get("unit", ""),
            leader=cells.get("leader", ""),
            codes=_list(cells, "codes"),
            zone=cells.get("zone", "") or "Asia/Shanghai",
            calendar=_calendar(cells),
            quiet_from=_clock(cells, "quiet_from"),
            quiet_to=_clock(cells, "quiet_to"),
            mutes=_list(cells, "mutes"),
            gone=gone,
        )
    ]
    found += [_post(name, text) for text in _list(cells, "posts")]
    return found + [_contact(name, text, rank) for rank, text in enumerate(_list(cells, "contacts"), 1)]


def _calendar(cells: Cells) -> Calendar:
    known: dict[str, Calendar] = {name: name for name in get_args(Calendar)}
    return _choice(cells, "calendar", known, "china")


def _post(person: str, text: str) -> Post:
    """`sales`, `sales@region:CN-SH`."""
    role, at, where = text.partition("@")
    scope, _, of = where.partition(":")
    match scope if at and of else "" if not at else "?":
        case "" | "region" | "company" | "unit" as known:
            return Post(person=person, role=role.strip(), scope=known, of=of.strip())
    raise Wrong(
        "posts",
        f"{text!r} is no post; write a role, or role@region:CODE, role@company:CODE, role@unit:CODE",
        f"“{text}”不是岗位；请写岗位代码，或 岗位@region:代码、岗位@company:代码、岗位@unit:代码",
    )


def _contact(person: str, text: str, rank: int) -> Contact:
    """`email:li.na@example.com`; with `?` at the end: not verified yet."""
    channel, colon, address = text.removesuffix("?").partition(":")
    if not colon or not address.strip():
        raise Wrong(
            "contacts",
            f"{text!r} is no contact; write channel:address, such as email:li.na@example.com",
            f"“{text}”不是联系方式；请写 渠道:地址，例如 email:li.na@example.com",
        )
    verified = not text.endswith("?")
    return Contact(person=person, channel=channel.strip(), address=address.strip(), rank=rank, verified=verified)


def _unit(cells: Cells) -> list[Record]:
    zh, en = cells.get("name_zh", ""), cells.get("name_en", "")
    unit = _filled(cells, "unit")
    level: dict[str, Level] = LEVELS | {name: name for name in get_args(Level)}
    return [
        Unit(
            unit=unit,
            name_en=en or zh or unit,
            name_zh=zh or en or unit,
            level=_choice(cells, "level", level, None),
            parent=cells.get("parent", ""),
            leader=cells.get("leader", ""),
            regions=_list(cells, "regions"),
        )
    ]


def _absence(cells: Cells) -> list[Record]:
    first, last = _day(cells, "from"), _day(cells, "to")
    deputy, reason = cells.get("deputy", ""), cells.get("reason", "")
    return [Absence(person=_filled(cells, "person"), first=first, last=last, deputy=deputy, reason=reason)]


def _assignment(cells: Cells) -> list[Record]:
    last = _day(cells, "to") if cells.get("to") else None
    return [
        Assignment(customer=_filled(cells, "customer"), person=_filled(cells, "person"), first=_day(cells, "from"), last=last)
    ]  # fmt: skip


_PEOPLE = (
    "person", "name_zh", "name_en", "language", "unit", "leader", "codes", "posts", "contacts", "zone", "calendar",
    "quiet_from", "quiet_to", "mutes", "gone",
)  # fmt: skip
_DAYS = {"first": "from", "last": "to"}
UNITS = Sheet(
    "units",
    ("unit", "name_zh", "name_en", "level", "parent", "leader", "regions"),
    frozenset({"unit", "level"}),
    _unit,
    {},
)
PEOPLE = Sheet(
    "people", _PEOPLE, frozenset({"person", "name_zh"}), _person,
    {"role": "posts", "scope": "posts", "of": "posts", "channel": "contacts", "address": "contacts"},
)  # fmt: skip
ABSENCES = Sheet(
    "absences", ("person", "from", "to", "deputy", "reason"), frozenset({"person", "from", "deputy"}), _absence, _DAYS
)
PORTFOLIO = Sheet(
    "portfolio", ("customer", "person", "from", "to"), frozenset({"customer", "person", "from"}), _assignment, _DAYS
)
SHEETS = (UNITS, PEOPLE, ABSENCES, PORTFOLIO)


def rows_of(sheet: Sheet, records: Iterable[Record]) -> list[dict[str, str]]:
    """*records* as the rows of *sheet*: what `sheet.read` makes the same records of."""
    every = list(records)
    match sheet.name:
        case "units":
            return [_plain(one, regions=" ; ".join(one.regions)) for one in every if isinstance(one, Unit)]
        case "absences" | "portfolio":
            kind = Absence if sheet is ABSENCES else Assignment
            return [
                _plain(one, **{"from": str(one.first), "to": str(one.last or "")}) for one in every if isinstance(one, kind)
            ]  # fmt: skip
    posts = [one for one in every if isinstance(one, Post)]
    ways = sorted((one for one in every if isinstance(one, Contact)), key=lambda one: one.rank)
    return [
        _plain(
            one,
            codes=" ; ".join(one.codes),
            mutes=" ; ".join(one.mutes),
            gone="yes" if one.gone else "",
            quiet_from=f"{one.quiet_from:%H:%M}" if one.quiet_from else "",
            quiet_to=f"{one.quiet_to:%H:%M}" if one.quiet_to else "",
            posts=" ; ".join(_of_post(post) for post in posts if post.person == one.person),
            contacts=" ; ".join(_of_way(way) for way in ways if way.person == one.person),
        )
        for one in every
        if isinstance(one, Person)
    ]


def _of_post(post: Post) -> str:
    return f"{post.role}@{post.scope}:{post.of}" if post.scope else post.role


def _of_way(way: Contact) -> str:
    return f"{way.channel}:{way.address}{'' if way.verified else '?'}"


def _plain(record: Record, **said: str) -> dict[str, str]:
    return {name: str(getattr(record, name)) for name in record.__struct_fields__} | said


def _filled(cells: Cells, column: str) -> str:
    if not cells.get(column):
        raise Wrong(column, "this may not be empty; fill it in", "不能为空；请填写")
    return cells[column]


def _list(cells: Cells, column: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cells.get(column, "").replace("；", ";").split(";") if part.strip())


def _flag(cells: Cells, column: str) -> bool:
    return _choice(cells, column, dict.fromkeys(YES, True) | dict.fromkeys(NO, False), False)


def _choice(cells: Cells, column: str, known: Mapping[str, T], otherwise: T | None) -> T:
    text = cells.get(column, "")
    if not text and otherwise is not None:
        return otherwise
    if text not in known:
        choices = ", ".join(known)
        raise Wrong(column, f"{text!r} is not known; write one of {choices}", f"“{text}”无法识别；可用：{choices}")
    return known[text]


def _day(cells: Cells, column: str) -> date:
    text = _filled(cells, column)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(
            column, f"{text!r} is no day; write it as 2026-03-31", f"“{text}”不是日期；请写成 2026-03-31"
        ) from None


def _clock(cells: Cells, column: str) -> time | None:
    text = cells.get(column, "")
    try:
        return time.fromisoformat(text.zfill(5)) if text else None
    except ValueError:
        raise Wrong(
            column, f"{text!r} is no time of day; write it as 20:00", f"“{text}”不是时间；请写成 20:00"
        ) from None

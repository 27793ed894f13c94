"""Reads the lists that a period's run makes, strictly: an error names the file, the line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from services.alerts.adapters.route_files import minute, receivers
from services.alerts.adapters.rule_files import FOLDER, read
from services.alerts.adapters.rule_values import read_tests
from services.alerts.core.lists import Entry, Every, Listing, Listings, Of
from services.alerts.core.rules import Rules
from shared.edge.policy_yaml import Section, read_flag, read_number, read_section, read_text, read_whole

LISTS = "lists.yaml"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ON = {"day": (1, 1), "week": (1, 7), "month": (1, 15)}


def load(rules: Rules, folder: Path | None = None) -> Listings:
    """The lists in *folder*, else the shipped ones; *rules* say which kinds there are. Raises Misconfigured."""
    file = folder / LISTS if folder is not None and (folder / LISTS).exists() else FOLDER / LISTS
    return read_lists(read(file), str(file), {one.kind for one in rules.kinds.kinds})


def read_lists(text: str, file: str, kinds: Collection[str]) -> Listings:
    """The lists that *text* writes, of alerts of *kinds*."""
    section = read_section(text, file)
    section.maybe("assumed", read_flag)
    section.maybe("reference", read_text)
    loss: list[tuple[int, Decimal]] = []
    for one in section.sections("loss"):
        least, share = one.take("from", read_whole), one.take("share", _share)
        one.close()
        if loss and least <= loss[-1][0]:
            one.wrong("days must rise from one share to the next", "from")
        loss.append((least, share))
    found: dict[str, Listing] = {}
    for one in section.sections("lists"):
        listing = _listing(one, kinds)
        if listing.list in found:
            one.wrong(f"{listing.list} stands twice; keep one", "list")
        found[listing.list] = listing
    section.close()
    return Listings(lists=tuple(found.values()), loss=tuple(loss))


def _listing(section: Section, kinds: Collection[str]) -> Listing:
    given: dict[str, Any] = {"list": section.take("list", _name)}
    given["of"] = section.choice("of", get_args(Of))
    title = section.section("title")
    given["en"], given["zh"] = title.take("en", read_text), title.take("zh", read_text)
    title.close()
    given["every"] = section.choice("every", get_args(Every))
    given["on"] = section.take("on", read_whole, 1)
    least, most = _ON[given["every"]]
    if not least <= given["on"] <= most:
        section.wrong(f"of every {given['every']} write a number from {least} to {most}", "on")
    given["at"] = section.take("at", minute)
    given["to"] = receivers(section, "to")
    given["shown"] = section.take("shown", read_whole)
    given["entries"] = tuple(_entry(one, kinds) for one in section.sections("entries"))
    if (given["of"] == "alerts") != bool(given["entries"]):
        section.wrong("a list of alerts has entries, one of approvals has none", "of")
    section.close()
    return Listing(**given)


def _entry(section: Section, kinds: Collection[str]) -> Entry:
    tests = read_tests(section, "when")
    named = {text for test in tests if test.field == "kind" and test.op == "in" for text in test.values}
    if not named or named - set(kinds):
        section.wrong("name kinds of alerts.yaml under `kind`", "when")
    entry = Entry(
        why=section.take("why", read_text),
        when=tests,
        share=section.take("share", _share, Decimal(0)),
        grades=section.take("grades", read_flag, False),
    )
    section.close()
    return entry


def _share(text: str) -> Decimal:
    share = read_number(text)
    if not 0 <= share <= 1:
        raise ValueError("write a share from 0 to 1")
    return share


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("write a name of small letters, digits and -")
    return text

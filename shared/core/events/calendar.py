"""What is about no customer: reference series and the day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar

from msgspec import Meta

from shared.core import limits
from shared.core.events.base import Decision, Fact
from shared.core.events.values import Code, Text

ReferenceValue = (
    Text
    | Annotated[tuple[Text, ...], Meta(max_length=limits.ITEMS)]
    | Annotated[dict[Code, Text], Meta(max_length=limits.ITEMS)]
)
"""A text, a list of texts or a table of texts; numbers are decimal strings."""


class ReferencePublished(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A series that every customer is measured with has new values.

    Series: exchange_rate, lpr, work_calendar, industry_list, ratio_marks, own_budget, own_net_assets …
    Written to every partition under `id`/`partition`.
    """

    TYPE: ClassVar[str] = "credit.reference.published.v1"
    ON: ClassVar[str | None] = "as_of"
    SUBJECT: ClassVar[str | None] = "~reference"

    series: Code
    as_of: dt.date
    values: Annotated[dict[Code, ReferenceValue], Meta(max_length=limits.ITEMS)]


class BusinessDayOpened(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A calendar date began. Rating records each once and writes it to every partition, in order, never backwards."""

    TYPE: ClassVar[str] = "credit.business-day.opened.v1"
    ON: ClassVar[str | None] = "date"
    SUBJECT: ClassVar[str | None] = "~day"

    date: dt.date


class BusinessDayRated(Decision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Every customer of this partition was brought to the day; exposure and alerts may move theirs."""

    TYPE: ClassVar[str] = "credit.business-day.rated.v1"
    TOPIC: ClassVar[str] = "credit.ratings"
    SUBJECT: ClassVar[str | None] = "~day"

    date: dt.date

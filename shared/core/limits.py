"""Every bound on what comes in, each with its reason. Nothing else in the product states one of these numbers."""

from __future__ import annotations

from datetime import date

EVENT_SOFT_BYTES = 64 * 1024
"""Every CloudEvents intermediary must forward an event of this size; larger ones are counted and may not travel."""
EVENT_HARD_BYTES = 256 * 1024
"""A larger event is refused everywhere, well below the megabyte at which a broker would refuse it."""
BATCH_EVENTS = 1_000
"""Events in one posted batch: all of it is kept in one transaction."""
BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of one posted batch: a thousand ordinary events of 8 KiB."""
BATCH_REFUSALS = 100
"""Refused fields named in one answer; the rest would not be read."""
DEPTH = 32
"""Nested brackets; no event needs ten, and a bomb of a hundred thousand would exhaust the stack."""

ID_CHARACTERS = 128
"""CloudEvents `id` and every document id."""
SOURCE_CHARACTERS = 256
"""CloudEvents `source`."""
SUBJECT_CHARACTERS = 64
"""A customer id: it is a Kafka key, a path segment and a column of every index."""
TYPE_CHARACTERS = 128
"""CloudEvents `type`; the longest of ours has 39."""
EXTENSION_CHARACTERS = 256
"""One envelope extension that we read (`traceparent`, `sequence`)."""
CODE_CHARACTERS = 64
"""A code, a name of a measure, a label."""
TEXT_CHARACTERS = 1_000
"""A line of free text: a name, a reason, a reference."""
PAYLOAD_CHARACTERS = 8_000
"""What an approval is about, as JSON: a few texts, far from the largest event."""
SEALED_CHARACTERS = 16_384
"""A sealed field: the longest text or the contacts, four bytes a character, base64."""
ITEMS = 2_000
"""Members of one list or table inside an event (allocations, lines, statement lines)."""
CONTACTS = 20
"""Contact persons in one event."""
CONTACTS_BYTES = 12_000
"""All contact persons as JSON: sealed they must fit one token."""

DRAFT_CHARACTERS = 256 * 1024
"""A draft of a method, or its cases: the longest that ships has a tenth of it."""
MEASURES = 500
"""Measures given for a trial; the longest method reads twenty."""

POPULATION = 1_000
"""Customers whose measures are given in one request: each is graded twice, well below a second in all."""
POPULATION_PART = 200
"""Customers of an installation that are compared in one request: each is folded from its facts, milliseconds apiece."""

AMOUNT_DIGITS = 15
"""Digits before the point: an amount is less than 10^15, which no credit relation reaches."""
AMOUNT_DECIMALS = 4
"""Decimals of an amount whose currency the event does not name; no currency has more."""
RATIO_DECIMALS = 9
"""Decimals of a share, a ratio, points or a quantity."""
DAYS = 36_500
"""A count of days: a hundred years."""
COUNT = 1_000_000_000
"""A count of anything."""

EARLIEST_DATE = date(1900, 1, 1)
"""No customer relationship and no document is older; a mistyped year is found instead of walked."""
AHEAD_YEARS = 5
"""Calendar years beyond the current one for which a customer is looked at: each costs a walk of its months."""
LATEST_DATE = date(2199, 12, 31)
"""Later dates are typing errors or "never", which is said by leaving the field out."""

assert EVENT_SOFT_BYTES < EVENT_HARD_BYTES < BATCH_BYTES
assert BATCH_REFUSALS <= BATCH_EVENTS
assert TEXT_CHARACTERS * 4 <= CONTACTS_BYTES, "a text of four-byte characters is bounded by its characters alone"
assert (CONTACTS_BYTES + 16) * 4 // 3 + 32 < SEALED_CHARACTERS < EVENT_SOFT_BYTES, "a token is 16 bytes more, in base64"
assert SUBJECT_CHARACTERS <= ID_CHARACTERS <= SOURCE_CHARACTERS
assert 10 ** (AMOUNT_DIGITS + 3) < 2**63, "minor units of a currency with three decimals fit 64 bits"
assert EARLIEST_DATE < LATEST_DATE

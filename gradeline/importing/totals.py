"""Rows of sums among the data: 合计, 小计, Total. They are known by name, passed over and counted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from gradeline.importing.header import squashed

LONGEST_NAME = 16


class Totals:
    """Knows the rows of sums: they say 合计 or Total instead of which document they are about."""

    def __init__(self, words: Sequence[str], identities: Sequence[Sequence[int]]) -> None:
        """*words* are the names of totals; each of *identities* the places of cells that say what a row is about."""
        self._identities = tuple(tuple(one) for one in identities)
        self._words = {squashed(word): word for word in words if word.strip()}
        self._ends = {sign for word in self._words for sign in (word[-1], word[-1].upper())} | {":", "："}
        spaced = (r"\s*".join(re.escape(sign) for sign in word) for word in sorted(self._words, key=len, reverse=True))
        names = "|".join(spaced)
        self._named = re.compile(rf"(?:^\W*({names})\b)|(?:({names})[\s:：)）]*$)", re.IGNORECASE)

    def name(self, values: Sequence[str]) -> str:
        """The total's name in the row of *values*; empty where it is no row of sums.

        A row that names its customer and document is data, whatever its note says, unless the name itself is a total's.
        """
        if not self._words:
            return ""
        for places in self._identities:
            named = [values[place].strip() for place in places if place < len(values)]
            if len(named) == len(places) and all(named):
                return next(self._found(named, part_of=()), "")
        about = {values[place] for places in self._identities for place in places if place < len(values)}
        about.add(next((value for value in values if value.strip()), ""))
        return next(self._found(values, part_of=about), "")

    def _found(self, texts: Sequence[str], *, part_of: Collection[str]) -> Iterator[str]:
        """The names in *texts*: a whole cell anywhere, and the beginning or end of one of *part_of*."""
        for text in texts:
            if text and text[-1] in self._ends and len(text) <= LONGEST_NAME:
                whole = self._words.get(squashed(text).rstrip(":"))
                if whole:
                    yield whole
            if text in part_of and (found := self._named.search(text.strip())):
                yield self._words[squashed(found[1] or found[2])]

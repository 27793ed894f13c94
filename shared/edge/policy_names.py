"""The names that conditions and tables of one policy may read, what each is measured in, and which codes it can be."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from shared.core.policy.label import PART, SCORE
from shared.core.policy.measure import SEALED, Kind
from shared.edge.policy_yaml import Section


class Names(dict[str, Kind]):
    """Alias → kind. `codes` holds the closed list of those aliases that have one."""

    def __init__(self, kinds: Mapping[str, Kind], codes: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """Start with *kinds*."""
        super().__init__(kinds)
        self.codes: dict[str, tuple[str, ...]] = dict(codes or {})

    def declare_codes(self, name: str, codes: tuple[str, ...]) -> None:
        """Add a code with its closed list."""
        self[name] = Kind.CODE
        self.codes[name] = codes

    def with_scores(self, parts: tuple[str, ...]) -> Names:
        """The same names, the score, and the score of each part."""
        scores = {SCORE: Kind.POINTS} | {PART + part: Kind.POINTS for part in parts}
        return Names({**self, **scores}, self.codes)

    def refuse_taken(self, section: Section, name: str) -> None:
        """Refuse *name* where it already means something. Raises Misconfigured."""
        if name in self or name == SCORE or name.startswith(PART):
            section.wrong(f"{name!r} already means something here; choose another name", name)

    def refuse_unknown(self, section: Section, name: str, key: str) -> None:
        """Refuse *name* where it is not declared, or sealed. Raises Misconfigured."""
        if name in SEALED:
            section.wrong(f"{name!r} is personal and sealed; no rule may read it", key)
        if name not in self:
            near = get_close_matches(name, self, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; choose one of {', '.join(sorted(self))}"
            section.wrong(f"{name!r} is not declared above{hint}", key)

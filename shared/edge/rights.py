"""Row rights: whose customers a caller may see. Every read of every service keeps to them."""

from __future__ import annotations

import msgspec


class Rows(msgspec.Struct, frozen=True):
    """Whose customers a principal may see: those of its companies, regions and managers; None: of any."""

    companies: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    managers: tuple[str, ...] | None = None

    @property
    def all(self) -> bool:
        """Whether every customer may be seen."""
        return self.companies is self.regions is self.managers is None


EVERY_ROW = Rows()

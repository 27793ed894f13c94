"""The clock knows the date of a place, not only its own."""

from __future__ import annotations

from shared.edge import clock


def test_today_is_the_date_of_the_zone() -> None:
    # twenty-five hours apart: at no moment do both have the same date
    assert clock.today("Pacific/Kiritimati") > clock.today("Pacific/Pago_Pago")

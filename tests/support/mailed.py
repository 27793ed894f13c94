"""A whole instance whose alerts arrive at a mail server, a webhook and a robot of this machine; with people who never rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from gradeline.demo.sink import Arrived, Sink
from shared.edge import clock
from tests.support.instance import APPLIED_SECONDS, RunningInstance, up

AWAKE = "every_day,00:00,00:00"
PEOPLE = f"""person,name_zh,name_en,language,unit,leader,codes,posts,contacts,calendar,quiet_from,quiet_to
boss,总经理,Boss,en,hq,,,general_manager;fallback_owner,email:boss@example.com,{AWAKE}
li.na,李娜,Li Na,en,hq,boss,m01,sales,email:li.na@example.com,{AWAKE}
lin.hao,林浩,Lin Hao,zh,hq,boss,,credit_supervisor,webhook:desk,{AWAKE}
xu.tao,徐涛,Xu Tao,zh,hq,boss,,risk_manager,dingtalk:risk,{AWAKE}
zhou.qing,周青,Zhou Qing,zh,hq,boss,,deputy_general_manager,email:zhou.qing@example.com,{AWAKE}
"""
UNITS = "unit,name_zh,name_en,level,parent,leader,regions\nhq,总部,Head office,head_office,,boss,\n"


class At(NamedTuple):
    """Something that arrived, and when."""

    seconds: float
    """Of the monotonic clock."""
    what: Arrived


class Mailed(NamedTuple):
    """The instance and what arrived."""

    instance: RunningInstance
    arrived: list[At]

    def to(self, whom: str) -> list[Arrived]:
        """What arrived for an address or a name."""
        return [one.what for one in self.arrived if one.what.to == whom]

    def alerts(self, method: str, path: str, role: str, body: Any = None) -> Any:
        """What the alerts API answers; it must be a success."""
        headers = {"authorization": f"Bearer {self.instance.token(role)}"}
        answer = httpx2.request(
            method, f"{self.instance.alerts}{path}", headers=headers, json=body, timeout=60, trust_env=False
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


@contextmanager
def mailed(folder: Path, portfolio: str = "", *, people: str = "") -> Iterator[Mailed]:
    """An instance in *folder*/data with PEOPLE, more *people* and a *portfolio* (lines of CSV: customer, person, from, to)."""
    arrived: list[At] = []
    sink = Sink(lambda one: arrived.append(At(clock.monotonic(), one)))
    sink.start()
    try:
        with up(folder / "data", told=sink.settings) as instance:
            one = Mailed(instance, arrived)
            _people(one, folder, portfolio, people)
            for name, channel in (("desk", "webhook"), ("risk", "dingtalk")):
                url = f"http://127.0.0.1:{sink.http_port}/{channel}/{name}"
                one.alerts("PUT", f"/v1/endpoints/{name}", "operator", {"channel": channel, "url": url})
            yield one
    finally:
        sink.stop()


def _people(one: Mailed, folder: Path, portfolio: str, more: str) -> None:
    files = {"people.csv": PEOPLE + more, "units.csv": UNITS}
    files |= {"portfolio.csv": f"customer,person,from,to\n{portfolio}"} if portfolio else {}
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    said = one.instance.command("staff", "import", *(str(folder / name) for name in files), "--reason", "a test")
    assert said.returncode == 0, said.stdout + said.stderr


def soon(condition: Callable[[], bool], one: Mailed) -> None:
    """Wait until *condition*; say what arrived and what was logged where it does not come."""
    from shared.edge.embedded.process import wait_until

    there = wait_until(condition, APPLIED_SECONDS, pause=0.05)
    assert there, f"{json.dumps([at.what for at in one.arrived], ensure_ascii=False)}\n{one.instance.logs()}"

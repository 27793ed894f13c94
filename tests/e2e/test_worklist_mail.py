"""What is overdue becomes the mail of a collector: posted, warned of, put on the list of the run, sent with proof, read again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import told
from tests.support.covers import covers
from tests.support.mailed import AWAKE, mailed, soon

covers("AL-07", "AL-10", "RO-18", "DN-08")

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

COLLECTOR = f"qian.kun,钱坤,Qian Kun,zh,hq,boss,,collector,email:qian.kun@example.com,{AWAKE}\n"


def test_a_collector_gets_whom_to_collect_from_by_mail_and_reads_it_on_the_command_line(tmp_path: Path) -> None:
    with mailed(tmp_path, people=COLLECTOR) as one:
        instance = one.instance
        day = instance.day()
        for name, amount in (("LIST-1", "900.00"), ("LIST-2", "70000.00")):
            instance.post(
                [*told.good_history(name, day), told.invoice(name, f"L-{name}", day - timedelta(days=60), amount)]
            )
        query = "select 1 from alerts.alerts where kind = 'overdue' and figures ->> 'currency' = 'CNY' and subject like 'LIST-%'"
        soon(lambda: len(instance.rows(query)) == 2, one)
        run = instance.command("worklists", "run", "collection")
        assert run.returncode == 0, run.stdout + run.stderr
        (name,) = run.stdout.split()

        def mails() -> list[str]:
            return [mail.text for mail in one.to("qian.kun@example.com") if "催收清单" in mail.title]

        soon(lambda: bool(mails()), one)
        (text,) = mails()
        assert text.index("LIST-2") < text.index("LIST-1"), "the larger loss first"
        assert "70,000.00 元" in text
        soon(lambda: one.alerts("GET", f"/v1/worklists/{name}", "credit_manager")["state"] == "told", one)
        (delivery,) = one.alerts("GET", f"/v1/deliveries?alert={name}", "credit_manager")["deliveries"]
        assert (delivery["person"], delivery["state"]) == ("qian.kun", "delivered")
        listed = instance.command("worklists", "list", "--json")
        assert [json.loads(line)["worklist_id"] for line in listed.stdout.splitlines()] == [name]
        book = tmp_path / "list.xlsx"
        shown = instance.command("worklists", "show", name, "--json", "--xlsx", str(book))
        assert [row["customer"] for row in json.loads(shown.stdout.splitlines()[0])["rows"]] == ["LIST-2", "LIST-1"]
        assert book.exists()

"""Who hears of a notice: by post, by portfolio, by line; who stands in; and never nobody."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from services.alerts.adapters import staff_policy
from services.alerts.core.people import Assignment, Person, Post
from services.alerts.core.resolving import because
from tests.support.covers import covers
from tests.support.staffed import HOUSE, away, changed, codes, hearers, notice, setting


@covers("RO-01")
def test_the_owner_is_whom_the_label_means_by_code_or_by_name() -> None:
    found = hearers(notice(), setting())
    assert found.keys() == {"li.na"}
    assert found["li.na"].reasons == (because("owner", customer="C-1", code="m01"),)
    assert hearers(notice(labels={"manager": "wang.wei"}), setting()).keys() == {"wang.wei"}


def test_a_customer_that_is_assigned_is_that_persons_while_it_is() -> None:
    given = Assignment(customer="C-1", person="wang.wei", first=date(2026, 3, 1), last=date(2026, 3, 4))
    assert codes(hearers(notice(), setting(given))["wang.wei"]) == ["assigned"]
    over = Assignment(customer="C-1", person="wang.wei", first=date(2026, 3, 1), last=date(2026, 3, 3))
    assert hearers(notice(), setting(over)).keys() == {"li.na"}
    newer = Assignment(customer="C-1", person="qian", first=date(2026, 3, 4))
    assert hearers(notice(), setting(given, newer)).keys() == {"qian"}


@covers("DP-05")
def test_the_line_goes_up_the_organisation_and_an_explicit_leader_goes_first() -> None:
    stage = setting()
    assert list(stage.organisation.line("li.na")) == ["sh.lead", "east.head", "gm"]
    assert codes(hearers(notice(to=("line",)), stage)["sh.lead"]) == ["leads"]
    assert hearers(notice(to=("line",)), setting(house=changed(HOUSE, "li.na", leader="qian"))).keys() == {"qian"}
    circle = changed(changed(HOUSE, "li.na", leader="qian"), "qian", leader="li.na")
    assert list(setting(house=circle).organisation.line("li.na")) == ["qian", "gm"], "a circle of leaders ends"


@covers("RO-02", "RO-18")
def test_a_post_for_the_region_comes_before_one_for_everywhere() -> None:
    stage = setting()
    asked = notice(to=("role:credit_manager",))
    found = hearers(asked, stage)
    assert found.keys() == {"sun.li"}, "Shanghai lies under the unit east"
    assert found["sun.li"].reasons == (because("post_unit", role="credit_manager", of="east"),)
    far = notice(to=("role:credit_manager",), labels={"region": "CN-GD"})
    assert hearers(far, stage).keys() == {"zhao.min"}
    own = Post(person="qian", role="credit_manager", scope="company", of="ours")
    assert hearers(notice(to=("role:credit_manager",), labels={"company": "ours"}), setting(own)).keys() == {"qian"}


def test_who_hears_for_several_reasons_hears_once_with_all_of_them() -> None:
    found = hearers(notice(to=("owner", "person:li.na", "role:sales")), setting())
    assert codes(found["li.na"]) == ["owner", "named", "post"]


def test_a_deputy_hears_and_the_deputy_of_a_deputy() -> None:
    one = away("li.na", "2026-03-04", "2026-03-06", "wang.wei")
    found = hearers(notice(), setting(one))["wang.wei"]
    assert found.reasons[0] == because("stands_in", person="li.na", until="2026-03-06")
    chain = (one, away("wang.wei", "2026-03-01", "2026-03-04", "qian"))
    assert hearers(notice(), setting(*chain)).keys() == {"qian"}
    assert hearers(notice(), setting(away("li.na", "2026-03-05", "2026-03-06", "wang.wei"))).keys() == {"li.na"}


def test_a_circle_of_deputies_goes_to_who_leads() -> None:
    circle = (
        away("li.na", "2026-03-01", "2026-03-08", "wang.wei"),
        away("wang.wei", "2026-03-01", "2026-03-05", "li.na"),
    )
    found = hearers(notice(), setting(*circle))
    assert found.keys() == {"sh.lead"}
    assert codes(found["sh.lead"])[0] == "leads_away"
    beyond = (away("li.na", "2026-03-01", "2026-03-08", "wang.wei"), away("wang.wei", "2026-03-01", "2026-03-05", "qian"),
              away("qian", "2026-03-04", "2026-03-04", "wang.wei"))  # fmt: skip
    assert hearers(notice(), setting(*beyond)).keys() == {"sh.lead"}, (
        "a circle that does not come back to where it began"
    )
    up = (*circle, away("sh.lead", "2026-03-04", "2026-03-04"))
    assert hearers(notice(), setting(*up)).keys() == {"east.head"}
    nobody = (*up, away("east.head", "2026-03-04", "2026-03-04"), away("gm", "2026-03-04", "2026-03-04"))
    alone = hearers(notice(), setting(*nobody))
    assert codes(alone["li.na"]) == ["owner", "away_alone"], "nobody is left, so it stays with the owner, and says so"


def test_who_has_left_is_followed_by_who_leads() -> None:
    found = hearers(notice(), setting(house=changed(HOUSE, "li.na", gone=True)))
    assert found["sh.lead"].reasons[0] == because("left", person="li.na")


@pytest.mark.parametrize(
    ("to", "receiver"), [(("owner",), "owner"), (("line",), "line"), (("role:inspector",), "role:inspector"),
                         (("person:nobody",), "person:nobody")],
)  # fmt: skip
def test_never_nobody_the_fallback_hears_and_is_told_why(to: tuple[str, ...], receiver: str) -> None:
    found = hearers(notice(to=to, labels={"region": "CN-GD", "manager": "m99"}), setting())
    assert found.keys() == {"zhao.min"}
    assert found["zhao.min"].reasons == (because("fallback", receiver=receiver),)


def test_without_a_fallback_post_who_leads_the_house_hears_and_an_empty_house_says_so() -> None:
    bare = [one for one in HOUSE if not isinstance(one, Post)]
    assert hearers(notice(to=("role:inspector",)), setting(house=bare)).keys() == {"gm"}
    assert hearers(notice(), setting(house=())) == {}


def test_told_are_those_who_were_told_and_are_still_here() -> None:
    stage = setting(house=changed(HOUSE, "qian", gone=True))
    assert hearers(notice(to=("told",)), stage, told={"wang.wei": False, "qian": True}).keys() == {"wang.wei"}
    assert hearers(notice(to=("told",)), stage) == {}, "nobody had been told, so nobody is"


@covers("AL-14")
def test_grades_are_seen_by_the_owner_his_line_and_who_needs_to_know() -> None:
    stage = setting()
    every = notice(to=("owner", "line", "role:credit_manager", "role:collector", "person:gm", "person:wang.wei"))
    sees = {one.person: one.sees_grades for one in hearers(every, stage).values()}
    assert sees == {"li.na": True, "sh.lead": True, "sun.li": True, "qian": False, "gm": True, "wang.wei": False}
    stands = away("li.na", "2026-03-04", "2026-03-06", "wang.wei")
    assert hearers(notice(), setting(stands))["wang.wei"].sees_grades, "who stands in sees what the other would"


@covers("RO-21", "AL-14")
def test_what_is_the_aml_posts_alone_reaches_nobody_else_whoever_is_away_or_missing() -> None:
    posts = [Person(person=name, name_en=name, name_zh=name, unit="sh") for name in ("aml", "aml2")]
    officers = [Post(person="aml", role="compliance_officer"), Post(person="aml2", role="compliance_officer")]
    secret = notice(to=("role:compliance_officer",), labels={"purpose": "compliance", "manager": "m01"})
    leave = away("aml", "2026-03-04", "2026-03-04", "li.na")
    alone = hearers(secret, setting(*posts, officers[0], leave))
    assert {key: codes(one) for key, one in alone.items()} == {"aml": ["post", "away_alone"]}, (
        "no deputy without the post"
    )
    stands = away("aml", "2026-03-04", "2026-03-04", "aml2")
    assert hearers(secret, setting(*posts, *officers, stands)).keys() == {"aml2"}
    assert hearers(secret, setting()) == {}, "not even the fallback: it ends undelivered, and says so"
    owned = notice(to=("owner", "line", "told"), labels={"purpose": "compliance", "manager": "m01"})
    assert hearers(owned, setting(*posts, officers[0]), told={"gm": True}).keys() == {"aml"}


@covers(
    "RO-03", "RO-04", "RO-05", "RO-06", "RO-07", "RO-08", "RO-09", "RO-10", "RO-11", "RO-12", "RO-13", "RO-14", "RO-15"
)
@covers("RO-16", "RO-17", "RO-19", "RO-20", "RO-21", "RO-22")
def test_every_role_of_the_sources_is_a_post_that_hears() -> None:
    posts = staff_policy.policy().posts
    assert {f"RO-{number:02}" for number in range(1, 23)} <= {title.source for title in posts.values()}
    for role in posts:
        holder = Person(person="new", name_en="New", name_zh="新人")
        found = hearers(
            notice(to=(f"role:{role}",)), setting(holder, Post(person="new", role=role, scope="region", of="CN-SH"))
        )
        assert "post_region" in codes(found["new"]), role


@covers("AL-01", "AL-13")
def test_who_leads_a_named_person_or_a_named_unit_hears() -> None:
    stage = setting()
    found = hearers(notice(to=("line:qian", "unit:sh")), stage)
    assert {name: one.reasons for name, one in found.items()} == {
        "gm": (because("leads", person="qian"),),
        "sh.lead": (because("leads_unit", of="sh"),),
    }
    gone = setting(house=changed(HOUSE, "sh.lead", gone=True))
    assert hearers(notice(to=("unit:sh",)), gone).keys() == {"east.head"}, "who leads the next unit above"
    assert hearers(notice(to=("unit:moon", "line:nobody")), stage).keys() == {"zhao.min"}, "the fallback"


@covers("RO-15", "AL-08")
def test_the_unit_that_leads_a_group_hears_by_whose_the_member_is_and_by_its_posts_and_so_do_those_that_assist() -> (
    None
):
    given = (
        Assignment(customer="C-1", person="qian", first=date(2026, 1, 1)),
        Assignment(customer="C-2", person="wang.wei", first=date(2026, 1, 1)),
    )
    posts = (
        Post(person="sun.li", role="assisting_unit", scope="unit", of="east"),
        Post(person="zhao.min", role="lead_unit", scope="unit", of="sh"),
        Post(person="gm", role="gathering_unit"),
    )
    found = hearers(notice(subject="g:G", labels={}, to=("lead:C-1", "assisting:C-2")), setting(*given, *posts))
    assert {name: codes(one) for name, one in found.items()} == {
        "qian": ["lead_unit"],
        "gm": ["post"],
        "wang.wei": ["assisting_unit"],
        "sun.li": ["post_unit"],
    }, "the post of another unit hears nothing; that of a branch hears for its teams"
    known = setting(*posts)
    organisation = known.organisation.with_portfolio((), {"C-1": "m01"})
    stage = msgspec.structs.replace(known, organisation=organisation)
    assert codes(hearers(notice(subject="g:G", labels={}, to=("lead:C-1",)), stage)["li.na"]) == ["lead_unit"]

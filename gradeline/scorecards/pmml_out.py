"""A method as a PMML 4.4 Scorecard: its cards and their sum. What PMML cannot say is refused or named."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from xml.sax.saxutils import quoteattr

from shared.core.errors import Misconfigured
from shared.core.policy.assessment import EXACT, plain
from shared.core.policy.card import Card
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Shape


def unsaid(policy: Policy) -> tuple[str, ...]:
    """What the file does not hold: everything that comes after the sum."""
    found = [f"the rule {rule.id} ({rule.reason})" for rule in policy.rules]
    found += [
        f"the limit {item.cap} of the card {card.id}" for card in policy.cards for item in card.outcomes if item.cap
    ]
    found += [f"the limit {card.missing.cap} of the card {card.id}" for card in policy.cards if card.missing.cap]
    found += [f"the label {name}" for name in (policy.shape or Shape()).labels]
    found += ["that too little is known"] if policy.known_at_least is not None else []
    return (*dict.fromkeys(found), "grades and movement")


def pmml_of(policy: Policy) -> str:
    """Return the PMML document of *policy*. Raises Misconfigured where its score is more than a sum of cards."""
    _refuse_more_than_a_sum(policy)
    shape = policy.shape or Shape()
    cards = [card for card in policy.cards if card.points is not None]
    fields = dict.fromkeys(card.measure for card in cards)
    kinds = {card.measure: bool(card.lookup) for card in cards}
    start = shape.total.start if shape.total else Decimal(0)
    declared = "".join(f"    {_field(name, code=kinds[name])}\n" for name in fields)
    mined = "".join(f"      <MiningField name={quoteattr(name)}/>\n" for name in fields)
    said = quoteattr(
        f"{policy.method} version {policy.version}, sha256 {policy.sha256}; without {'; '.join(unsaid(policy))}"
    )
    characteristics = "".join(_characteristic(card) for card in cards)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
  <Header description={said}><Application name="Gradeline"/></Header>
  <DataDictionary>
{declared}    <DataField name="score" optype="continuous" dataType="double"/>
  </DataDictionary>
  <Scorecard modelName={quoteattr(policy.method)} functionName="regression" initialScore="{plain(start)}" useReasonCodes="false">
    <MiningSchema>
{mined}      <MiningField name="score" usageType="target"/>
    </MiningSchema>
    <Output><OutputField name="score_out" feature="predictedValue" dataType="double" optype="continuous"/></Output>
    <Characteristics>
{characteristics}    </Characteristics>
  </Scorecard>
</PMML>
"""


def _refuse_more_than_a_sum(policy: Policy) -> None:
    shape = policy.shape or Shape()
    more = {
        "letters": policy.letters, "lists": shape.lists, "a grid": shape.grid, "the weakest part": shape.weakest,
        "templates": shape.templates, "derived values": policy.derived,
        "a factor": any(rule.factor is not None for rule in policy.rules),
        "a bonus or a deduction": any(card.counts for card in policy.cards),
        "cards that are left out": any(card.missing.then == "leave_out" for card in policy.cards),
        "lines by sector": any(len(card.marks) > 1 for card in policy.cards),
    }  # fmt: skip
    if found := [name for name, there in more.items() if there]:
        raise Misconfigured(
            f"{policy.method}: PMML cannot say {', '.join(found)}; only a sum of cards can be written, so export another method"
        )


def _field(name: str, *, code: bool) -> str:
    kind = 'optype="categorical" dataType="string"' if code else 'optype="continuous" dataType="double"'
    return f"<DataField name={quoteattr(name)} {kind}/>"


def _characteristic(card: Card) -> str:
    rows = [*_missing(card), *(_line(card) if card.marks else _codes(card) if card.lookup else _bands(card))]
    inner = "".join(f"        {row}\n" for row in rows)
    return f"      <Characteristic name={quoteattr(card.id)}>\n{inner}      </Characteristic>\n"


def _missing(card: Card) -> list[str]:
    points = _points_missing(card)
    if points is None:
        return []
    return [_attribute(points, f'<SimplePredicate field={quoteattr(card.measure)} operator="isMissing"/>')]


def _points_missing(card: Card) -> Fraction | None:
    missing = card.missing
    if missing.then == "refuse":
        return None
    if missing.points is not None:
        return Fraction(missing.points)
    share = {"best": Decimal(100), "worst": Decimal(0)}.get(missing.then, missing.percent or Decimal(0))
    return _share(card, share)


def _share(card: Card, percent: Decimal) -> Fraction:
    return Fraction(card.points or 0) * Fraction(percent) / 100


def _bands(card: Card) -> list[str]:
    rows = []
    for place, band in enumerate(card.bands):
        points = Fraction(band.points) if band.points is not None else _share(card, band.percent or Decimal(0))
        after = card.bands[place + 1] if place + 1 < len(card.bands) else None
        tests = []
        if band.start is not None:
            tests.append(_compare(card, "greaterThan" if band.start_excluded else "greaterOrEqual", band.start))
        if after is not None and after.start is not None:
            tests.append(_compare(card, "lessOrEqual" if after.start_excluded else "lessThan", after.start))
        rows.append(_attribute(points, _both(tests)))
    return rows


def _codes(card: Card) -> list[str]:
    rows = []
    for entry in card.lookup:
        points = Fraction(entry.points) if entry.points is not None else _share(card, entry.percent or Decimal(0))
        test = f'<SimplePredicate field={quoteattr(card.measure)} operator="equal" value={quoteattr(entry.code)}/>'
        rows.append(_attribute(points, test))
    missing = _points_missing(card)
    return rows if missing is None else [*rows, _attribute(missing, "<True/>")]


def _line(card: Card) -> list[str]:
    marks, full = card.marks["default"], Fraction(card.points or 0)
    rises = marks.full > marks.zero
    low, high = min(marks.zero, marks.full), max(marks.zero, marks.full)
    slope = full / (Fraction(marks.full) - Fraction(marks.zero))
    inside = _both([_compare(card, "greaterThan", low), _compare(card, "lessThan", high)])
    computed = (
        f'<Apply function="*"><Constant dataType="double">{_text(slope)}</Constant><Apply function="-">'
        f'<FieldRef field={quoteattr(card.measure)}/><Constant dataType="double">{plain(marks.zero)}</Constant></Apply></Apply>'
    )
    return [
        _attribute(Fraction(0) if rises else full, _compare(card, "lessOrEqual", low)),
        _attribute(full if rises else Fraction(0), _compare(card, "greaterOrEqual", high)),
        f"<Attribute>{inside}<ComplexPartialScore>{computed}</ComplexPartialScore></Attribute>",
    ]


def _compare(card: Card, operator: str, against: Decimal) -> str:
    return f'<SimplePredicate field={quoteattr(card.measure)} operator="{operator}" value="{plain(against)}"/>'


def _both(tests: list[str]) -> str:
    if len(tests) == 1:
        return tests[0]
    return f'<CompoundPredicate booleanOperator="and">{"".join(tests)}</CompoundPredicate>'


def _attribute(points: Fraction, test: str) -> str:
    return f'<Attribute partialScore="{_text(points)}">{test}</Attribute>'


def _text(number: Fraction) -> str:
    """*number* to 20 digits: more than a double holds."""
    digits = EXACT.copy()
    digits.prec = 20
    return plain(digits.divide(Decimal(number.numerator), Decimal(number.denominator)))

"""Rules of faults: what they mean, how they are written, and that chance can be repeated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from samekey.sandbox.errors import FaultError
from samekey.sandbox.server.faults import (
    INSIDE,
    Fault,
    Faults,
    Plan,
    Rule,
    Struck,
    parse_flag,
    parse_plan,
    read_plan,
    spelled,
)

NAMES = ("createCharge", "POST /charges")


def strikes(plan: Plan, count: int = 1, names: tuple[str, ...] = NAMES) -> list[Fault | None]:
    """What happens to requests with keys of their own."""
    faults = Faults(plan)
    struck = [faults.strike(names, f"key {number}") for number in range(count)]
    return [each.fault if each is not None else None for each in struck]


@pytest.mark.parametrize(
    ("operation", "strikes_here"),
    [
        ("*", True),
        ("createCharge", True),
        ("POST /charges", True),
        ("POST *", True),
        ("create*", True),
        ("getCharge", False),
        ("GET *", False),
    ],
)
def test_a_rule_is_for_an_operation(operation: str, *, strikes_here: bool) -> None:
    """By its id, or by method and path, with stars."""
    assert (strikes(Plan((Rule(Fault.CUT, operation),))) == [Fault.CUT]) is strikes_here


def test_the_first_rule_that_strikes_counts() -> None:
    """Rules are tried in their order, and one request meets one fault."""
    plan = Plan((Rule(Fault.CUT, probability=0), Rule(Fault.RESET, times=2), Rule(Fault.TOO_MANY)))
    assert strikes(plan, 4) == [Fault.RESET, Fault.RESET, Fault.TOO_MANY, Fault.TOO_MANY]


def test_chance_is_as_likely_as_it_says_and_can_be_repeated() -> None:
    """The same seed gives the same faults, another one others; a third of many requests is about a third."""
    plan = Plan((Rule(Fault.CUT, probability=0.3),), seed=7)
    once, again = strikes(plan, 3000), strikes(plan, 3000)
    assert once == again
    assert once != strikes(Plan(plan.rules, seed=8), 3000)
    assert 800 < once.count(Fault.CUT) < 1000


def test_the_order_of_arrival_does_not_matter() -> None:
    """What happens to the second attempt of a key is the same whoever came in between."""
    plan = Plan((Rule(Fault.CUT, probability=0.5),))
    one, other = Faults(plan), Faults(plan)
    keys = [str(number) for number in range(50)]
    first = {(key, turn): one.strike(NAMES, key) for key in keys for turn in range(3)}
    second = {(key, turn): other.strike(NAMES, key) for turn in range(3) for key in reversed(keys)}
    assert first == second
    assert len({first[key, 0] is None for key in keys}) == 2


def test_any_means_all_of_them_alike() -> None:
    """`any` strikes as often as it says, with each fault as often as the others."""
    plan = Plan(parse_flag("any,probability=0.5"))
    counts = Counter(strikes(plan, 6_000))
    assert 2_800 < counts.pop(None) < 3_200
    assert set(counts) == set(Fault)
    assert max(counts.values()) < 2 * min(counts.values())


def test_a_rule_says_how_long() -> None:
    """The seconds are the rule's, or the fault's own."""
    assert Faults(Plan((Rule(Fault.SLOW, seconds=0.2),))).strike(NAMES, "k") == Struck(Fault.SLOW, 0.2)
    assert Faults(Plan((Rule(Fault.TOO_MANY),))).strike(NAMES, "k") == Struck(Fault.TOO_MANY, 1.0)


def test_a_flag_is_a_rule() -> None:
    """A name, and settings after commas."""
    flag = "cut-in-body, operation=POST /charges,probability=0.2,times=3,seconds=1.5"
    assert parse_flag(flag) == (Rule(Fault.CUT_IN_BODY, "POST /charges", 0.2, 3, 1.5),)


@pytest.mark.parametrize(
    ("flag", "complaint"),
    [
        ("cutt", "faults are any, refuse"),
        ("cut,probability=2", "<= 1.0"),
        ("cut,probability=often", "Expected `float`"),
        ("cut,times=0", ">= 1"),
        ("cut,operations=x", "unknown field `operations`"),
        ("cut,0.5", "'0.5' is not a setting"),
    ],
)
def test_a_flag_that_is_no_rule_says_why(flag: str, complaint: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(FaultError, match=complaint):
        parse_flag(flag)


def test_a_file_holds_a_plan(tmp_path: Path) -> None:
    """YAML or JSON, with a seed; what is written down reads the same."""
    path = tmp_path / "faults.yaml"
    path.write_text("seed: 9\nrules:\n  - fault: 503\n    times: 2\n  - {fault: any, probability: 0.1}\n", "utf-8")
    plan = read_plan(path)
    assert plan.seed == 9
    assert plan.rules[0] == Rule(Fault.UNAVAILABLE, times=2)
    assert len(plan.rules) == 1 + len(Fault)
    path.write_text(str(spelled(plan)).replace("'", '"').replace("None", "null"), "utf-8")
    assert read_plan(path) == plan
    assert parse_plan("") == Plan()


@pytest.mark.parametrize("text", ["rules: cut", "rules: [cut]", "{", "seed: many", "rule: []", "rules: [{times: 1}]"])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    """The message says which file."""
    path = tmp_path / "faults.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(FaultError, match=r"faults\.yaml"):
        read_plan(path)
    with pytest.raises(FaultError, match=r"none\.yaml"):
        read_plan(tmp_path / "none.yaml")


def test_a_proxy_has_no_inside() -> None:
    """Faults that need the server itself are refused, and `any` leaves them out."""
    with pytest.raises(FaultError, match="inside"):
        Faults(Plan((Rule(Fault.SLOW),)), inside=False)
    assert {rule.fault for rule in parse_flag("any", inside=False)} == set(Fault) - INSIDE

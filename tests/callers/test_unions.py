"""What `isinstance` and `match` say of a union is what type checkers say: its variants, and nothing else."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Found


def values(models: Found) -> dict[str, Found]:
    """A value of each kind."""
    bird, fish = models.Bird(wings=2), models.Fish(fins=3)
    return {
        "cat": models.Cat(kind="cat", lives=9), "dog": models.Dog(kind="dog", tricks=[]), "bird": bird, "fish": fish,
        "none": None, "word": "all", "other word": "some", "int": 5, "float": 0.5, "object": object(),
        "plain": {"wings": 2},
        "birds": [bird, bird], "fishes": [fish], "nothing": [], "counts": {"a": 1}, "names": {"a": "b"},
        "tree": [bird, [bird, []]], "broken tree": [bird, [fish]],
    }  # fmt: skip


MEMBERS = {
    "Tagged": {"cat", "dog"},
    "Untagged": {"bird", "fish"},
    "Nullable": {"bird", "fish"},  # where a field takes null, its own type says so: `Nullable | None`
    "Words": {"word", "bird", "fish"},
    "Mixed": {"birds", "nothing", "counts", "plain", "fish", "int", "float"},
    "Nested": {"bird", "fish", "cat"},
    "Tree": {"bird", "birds", "nothing", "tree"},
}


@pytest.mark.parametrize("union", MEMBERS)
def test_a_union_has_exactly_its_members(kennel: Found, union: str) -> None:
    """By class, by value for literals, and by what containers hold, however deep."""
    kind = getattr(kennel.models, union)
    found = {name for name, value in values(kennel.models).items() if isinstance(value, kind)}
    assert found == MEMBERS[union]


def test_unions_are_combined_as_types_are(kennel: Found) -> None:
    """In a tuple and with a bar; None counts where it is asked for."""
    models = kennel.models
    bird = models.Bird(wings=2)
    assert isinstance(bird, (models.Tagged, models.Untagged))
    assert isinstance(bird, models.Untagged | None)
    assert isinstance(None, models.Untagged | None)
    assert not isinstance("text", models.Untagged | None)
    assert issubclass(models.Cat, models.Tagged)
    assert not issubclass(models.Bird, models.Tagged)


def test_a_union_in_a_match(kennel: Found) -> None:
    """It takes its members and leaves the others to the next case."""

    def named(value: object) -> str:
        match value:
            case kennel.models.Tagged():
                return "tagged"
            case kennel.models.Bird(wings=2):
                return "two wings"
            case _:
                return "other"

    found = values(kennel.models)
    assert [named(found[name]) for name in ("cat", "dog", "bird", "fish", "int")] == [
        "tagged", "tagged", "two wings", "other", "other",
    ]  # fmt: skip


def test_a_union_cannot_be_made(kennel: Found) -> None:
    """The message names what can."""
    with pytest.raises(TypeError, match=r"Tagged is a union and has no values of its own: make one of Cat \| Dog"):
        kennel.models.Tagged(kind="cat", lives=9)
    assert repr(kennel.models.Tagged) == "<class 'kennel.models.Tagged'>"


def test_answers_hold_members_or_what_came(kennel: Found) -> None:
    """What fits is a member; what fits no variant is kept as it came, and is none. Each is decoded as before."""
    fits = {
        "id": "s_1", "tagged": {"kind": "cat", "lives": 9}, "untagged": {"fins": 3}, "nullable": None, "words": "all",
        "mixed": [{"wings": 2}], "nested": {"wings": 2}, "tree": [{"wings": 2}, [{"wings": 1}]],
    }  # fmt: skip
    answers = [fits, {"id": "s_2", "untagged": "neither", "words": 7, "tree": [5]}]

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json=answers.pop(0))

    connection = httpx.Client(transport=httpx.MockTransport(answer))
    client = kennel.Kennel(http_client=connection)
    models = kennel.models
    good = client.stays.create(nights=1)
    for field, union in {"tagged": "Tagged", "untagged": "Untagged", "words": "Words", "mixed": "Mixed"}.items():
        assert isinstance(getattr(good, field), getattr(models, union)), field
    assert isinstance(good.nested, models.Nested)
    assert good.tree == [models.Bird(wings=2), [models.Bird(wings=1)]]
    assert isinstance(good.tree, models.Tree)
    bad = client.stays.create(nights=1)
    assert (bad.untagged, bad.words) == ("neither", 7)
    assert not isinstance(bad.untagged, models.Untagged)
    assert not isinstance(bad.words, models.Words)


def test_msgspec_does_not_ask_a_union_for_its_members(kennel: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in a union is not walked through a second time when it is decoded."""
    asked: list[object] = []

    def ask(_kind: object, value: object) -> bool:
        asked.append(value)
        return True

    metaclass: Found = type(kennel.models.Mixed)  # pyright: ignore[reportUnknownVariableType]
    monkeypatch.setattr(metaclass, "__instancecheck__", ask)
    body = {"id": "s_1", "mixed": [{"wings": 2}]}
    connection = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(201, json=body)))
    assert kennel.Kennel(http_client=connection).stays.create(nights=1).mixed[0].wings == 2
    assert asked == []

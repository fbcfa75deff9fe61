"""What was seen is put into a config whose comments, order and spelling stay."""

from __future__ import annotations

import pytest
import yaml
from samekey.verify.config_text import with_operations
from samekey.verify.findings import VerifyError

ENTRY = {"POST /charges": ["# samekey verify: createCharge", "POST /charges:", "  honoured: verified"]}
MADE = {"idempotency": {"operations": {"POST /charges": {"honoured": "verified"}}}}

OWNERS = """\
# The owner's words.
package: acme  # short

idempotency:
  # What our server says.
  in_flight: 409
  operations:
    # Refunds are old.
    POST /refunds: false
    # samekey verify: createCharge, some time ago
    POST /charges:
      honoured: verified
      replayed: [X-Old]
    "PATCH /charges/{id}": {honoured: true}  # ours

# What follows.
retry:
  max_retries: 2
"""


def test_a_new_config_is_a_whole_one() -> None:
    """Nothing needs to be there before."""
    assert yaml.safe_load(with_operations("", ENTRY)) == MADE


@pytest.mark.parametrize(
    "before",
    [
        "package: acme\n",
        "idempotency:\n",
        "idempotency:\n  in_flight: 409\n",
        "idempotency:\n  operations:\n",
        "# nothing\n",
    ],
)
def test_what_is_there_stays(before: str) -> None:
    """Whatever of the way to the entry is there already."""
    after = with_operations(before, ENTRY)
    assert yaml.safe_load(after)["idempotency"]["operations"] == MADE["idempotency"]["operations"]
    for line in before.splitlines():
        assert line in after.splitlines()


def test_an_entry_takes_the_place_of_its_former_one() -> None:
    """With the comment that this command wrote above it; the owner's own comments and entries stay as they are."""
    after = with_operations(OWNERS, ENTRY)
    expected = yaml.safe_load(OWNERS)
    expected["idempotency"]["operations"]["POST /charges"] = {"honoured": "verified"}
    assert yaml.safe_load(after) == expected
    gone = {"    # samekey verify: createCharge, some time ago", "      replayed: [X-Old]"}
    assert set(OWNERS.splitlines()) - set(after.splitlines()) == gone
    assert after.count("samekey verify:") == 1


def test_what_is_said_of_others_is_never_lost() -> None:
    """A spelling that this command does not follow is refused where it would cost an entry."""
    odd = "idempotency:\n  operations:\n    ? POST /refunds\n    : false\n    POST /charges: true\n"
    after = yaml.safe_load(with_operations(odd, ENTRY))["idempotency"]["operations"]
    assert after == {"POST /refunds": False, **MADE["idempotency"]["operations"]}


def test_doing_it_again_changes_nothing() -> None:
    """Runs in continuous integration leave no trace when nothing has changed."""
    after = with_operations(OWNERS, ENTRY)
    assert with_operations(after, ENTRY) == after


@pytest.mark.parametrize(
    "before",
    ["idempotency: stripe\n", "idempotency: {in_flight: 409}\n", "- a\n", "a: [\n", "idempotency:\n  operations: {}\n"],
)
def test_what_cannot_be_added_to_is_refused(before: str) -> None:
    """Rather than spoiled."""
    with pytest.raises(VerifyError, match="cannot be put into"):
        with_operations(before, ENTRY)

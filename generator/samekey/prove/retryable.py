"""What an attempt leaves to be done, by the rules of retrying; written anew here, so that it can differ from an SDK.

docs/retry-rules.md, sections 3 and 4. Whoever checks a client by the client's own table finds no mistake in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from samekey.prove.history import Attempt

_OK, _ERROR, _SERVER = 200, 400, 500
_TRY_AGAIN: Final = frozenset({408, 425, 429, 460, 499})
_REFUSED_FOR_GOOD: Final = frozenset({501, 505, 507, 511})
_DOUBTFUL: Final = frozenset({408, 460, 499})
_RETRIED_FAILURES: Final = frozenset({"unreachable", "stream refused", "answer lost", "answer cut"})
_HARMLESS_FAILURES: Final = frozenset({"unreachable", "unsendable", "stream refused"})


def is_done(attempt: Attempt) -> bool:
    """Whether a 2xx came, whole or cut: the request was carried out."""
    return is_complete(attempt) or attempt.failure in {"answer cut", "undecodable"}


def is_complete(attempt: Attempt) -> bool:
    """Whether a whole 2xx came."""
    return attempt.status is not None and not attempt.failure and _OK <= attempt.status < _OK + 100


def is_to_be_repeated(attempt: Attempt, *, keyed: bool, assumed: bool) -> bool:
    """Whether a call that may be sent again is to be sent again after an attempt, as far as its limits allow.

    Args:
        attempt: the attempt.
        keyed: whether the call carries a key.
        assumed: whether nobody says that the key is honoured.
    """
    if attempt.failure:
        return attempt.failure in _RETRIED_FAILURES and not (attempt.failure == "answer cut" and keyed and assumed)
    if attempt.status is None or attempt.mismatch:
        return False
    if attempt.polling:
        # To a call without a key it is a refusal like any other.
        return keyed
    if attempt.replayed:
        return False
    return attempt.status in _TRY_AGAIN or (attempt.status >= _SERVER and attempt.status not in _REFUSED_FOR_GOOD)


def may_be_followed(attempt: Attempt, *, keyed: bool) -> bool:
    """Whether sending again after an attempt breaks no rule."""
    if attempt.failure:
        return attempt.failure in _RETRIED_FAILURES
    return is_to_be_repeated(attempt, keyed=keyed, assumed=False)


def leaves_doubt(attempt: Attempt) -> bool:
    """Whether the request of an attempt may have been carried out, as far as the attempt shows."""
    if attempt.failure:
        return attempt.failure not in _HARMLESS_FAILURES
    status = attempt.status
    if status is None or attempt.polling or attempt.mismatch:
        return True
    return status in _DOUBTFUL or status < _ERROR or (status >= _SERVER and status not in _REFUSED_FOR_GOOD)

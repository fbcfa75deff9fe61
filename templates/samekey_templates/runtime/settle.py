"""A call that ended in an error, sent again as it was: what its error keeps, and what it takes to settle it."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct, structs

from .call import Call
from .errors import APIError, explain
from .request.body import is_replayable
from .request.build import Prepared, UnsignedRequest, credential_names, ready, whole_url, without_credentials
from .retry.dialect import Profile  # noqa: TC001  # msgspec reads the annotations when a request is decoded
from .retry.loop import CallState
from .retry.record import CallInfo  # noqa: TC001
from .retry.rules import CallFacts, Certainty, EffectivePolicy, is_too_old
from .safety import Evidence, Safety
from .telemetry import open_trace
from .text import may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call import Endpoint, Settings
    from .request.body import Content
    from .retry.record import CallRecord

_NOTHING_DONE: Final = (Certainty.NOT_SENT, Certainty.REJECTED)


class SentCall(Struct, frozen=True):
    """A call as it was sent, as far as it can be written down.

    Args:
        base_url: the client's, without a user and a password.
        method: the HTTP method.
        target: path and query, without credentials.
        headers: names and values in order.
        body: the bytes; None where there were none.
        security: the alternatives of credentials.
        withheld: the names of headers that may be credentials, and are left out.
        info: which call it was.
        facts: what the retry rules know of it.
        policy: how it was retried.
        profile: the API's dialect.
        first_sent: Unix time in seconds of the first attempt; 0 where there was none.
    """

    base_url: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    security: tuple[tuple[str, ...], ...]
    withheld: tuple[str, ...]
    info: CallInfo
    facts: CallFacts
    policy: EffectivePolicy
    profile: Profile
    first_sent: float


class KeptCall(Struct, frozen=True):
    """A call as an error keeps it in memory.

    Args:
        prepared: the call, ready to be sent.
        endpoint: its operation.
        settings: those of its client.
    """

    prepared: Prepared
    endpoint: Endpoint
    settings: Settings

    def __repr__(self) -> str:
        return f"KeptCall({self.prepared.state.info.operation!r})"

    def written_down(self) -> bytes:
        """Return the call in JSON, without credentials.

        Raises:
            TypeError: its body is no bytes, so that it cannot be kept.
        """
        unsigned, state = self.prepared.unsigned, self.prepared.state
        if unsigned.content is not None and not isinstance(unsigned.content, bytes):
            raise TypeError("the body of this call is read while it is sent, so it cannot be kept in a pickle")
        secret = credential_names(self.settings, unsigned)
        carrier = state.profile.name.lower()
        headers = {name.lower(): (name, value) for name, value in (*self.prepared.extra.items(), *unsigned.headers)}
        withheld = [name for name in headers if name != carrier and (name in secret or may_hold_secret(name))]
        return msgspec.json.encode(
            SentCall(
                base_url=self.settings.shown_base,
                method=unsigned.method,
                target=without_credentials(self.settings, unsigned),
                headers=tuple(pair for name, pair in headers.items() if name not in withheld),
                body=unsigned.content,
                security=unsigned.security,
                withheld=tuple(withheld),
                info=state.info,
                facts=state.facts,
                policy=state.policy,
                profile=state.profile,
                first_sent=_first_sent(state.record),
            )
        )


class Resent(Struct, frozen=True):
    """A call that is sent again: the request with a state of its own, and its operation."""

    prepared: Prepared
    endpoint: Endpoint
    call: Call[Any]


def resent(client: object, settings: Settings, error: APIError, *, repeat: bool) -> Resent:
    """Return the call of an error, ready to be sent again: the same bytes under the same key.

    Args:
        client: the client, whose operations are looked up for an error of another process.
        settings: the client's.
        error: how the call ended.
        repeat: whether it is sent though it may then be done a second time.

    Raises:
        APIError: the key is so old that the server may have forgotten it.
        ValueError: the error holds no request, this client cannot send it as it was, or it could be done twice.
    """
    kept = error.kept
    if kept is None:
        raise ValueError("this error holds no request; one that was pickled does after error.with_request()")
    _refuse_repetition(error, repeat=repeat)
    if isinstance(kept, bytes):
        sent = msgspec.json.decode(kept, type=SentCall)
        unsigned = _unsigned(settings, sent)
        extra: Mapping[str, str] = {}
        endpoint: Endpoint = attrgetter(sent.info.operation)(client).endpoint
        facts, policy, profile, base_url = sent.facts, sent.policy, sent.profile, sent.base_url
        info, first_sent = sent.info, sent.first_sent
    else:
        prepared = kept.prepared
        unsigned, extra, endpoint = prepared.unsigned, prepared.extra, kept.endpoint
        state = prepared.state
        facts, policy, profile, base_url = state.facts, state.policy, state.profile, kept.settings.shown_base
        info, first_sent = state.info, _first_sent(error.record)
    if base_url != settings.shown_base:
        raise ValueError(f"the call was sent to {base_url}, and this client sends to {settings.shown_base}")
    if not is_replayable(unsigned.content):
        raise ValueError("the body of this call can be read only once, so it cannot be sent again")
    facts = _facts(settings, error, facts, first_sent)
    if is_too_old(facts, 0.0) and facts.safety is Safety.KEYED:
        record = structs.replace(error.record, attempts=(), elapsed=0.0, stopped="the key is too old")
        raise APIError(explain(record, "nothing was sent, since the server may have forgotten the key"), record)
    again = CallState(
        info, facts, policy, settings.usual_policy[1], profile, settings.timeout, settings.budget, settings.hooks,
        settings.clock, open_trace(info, whole_url(settings, unsigned.target)), settings.max_response_bytes,
    )  # fmt: skip
    return Resent(ready(settings, unsigned, again, extra), endpoint, Call())


def _refuse_repetition(error: APIError, *, repeat: bool) -> None:
    """Refuse to settle a call that could be done a second time, unless that is wanted.

    Raises:
        ValueError: it could be.
    """
    call = error.record.call
    is_keyed = call.safety is Safety.KEYED and call.evidence is not Evidence.ASSUMED
    if repeat or is_keyed or call.safety in (Safety.SAFE, Safety.IDEMPOTENT) or error.certainty in _NOTHING_DONE:
        return
    why = "nobody says that the API honours its key" if call.safety is Safety.KEYED else "it carries no key"
    raise ValueError(
        f"{call.operation} may have been done, and {why}, so sending it again could do it twice; "
        "look first, or pass repeat=True"
    )


def _facts(settings: Settings, error: APIError, facts: CallFacts, first_sent: float) -> CallFacts:
    """Return what the retry rules need to know of a call that is sent again."""
    if error.certainty is Certainty.NOT_SENT and not facts.resumed:
        return structs.replace(facts, key_age=0.0)
    age = max(0.0, settings.clock.wall() - first_sent) if first_sent else 0.0
    is_done = error.certainty is Certainty.APPLIED
    return structs.replace(facts, resumed=True, is_done=is_done, key_age=facts.key_age + age)


def _first_sent(record: CallRecord) -> float:
    return record.attempts[0].sent_at if record.attempts else 0.0


def _unsigned(settings: Settings, sent: SentCall) -> UnsignedRequest:
    """Return the request that another process has written down, with what it left out and this client has.

    Raises:
        ValueError: this client does not send a header that was left out.
    """
    own = {name.lower(): (name, value) for name, value in settings.headers.items()}
    missing = [name for name in sent.withheld if name not in own]
    if missing:
        raise ValueError(f"the call was sent with the header {missing[0]}, which is not kept, and this client has none")
    headers = (*sent.headers, *(own[name] for name in sent.withheld))
    content: Content | None = sent.body
    return UnsignedRequest(sent.method, sent.target, headers, content, sent.security)

"""A call that ended in an error, sent again as it was: what its error keeps, and what it takes to settle it."""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct, structs

from .auth.account import account_of, other_account
from .call import Call
from .errors import APIError, explain
from .request.body import is_replayable
from .request.build import (
    KeyOrigin,
    Prepared,
    UnsignedRequest,
    ready,
    secret_headers,
    secret_parameters,
    whole_url,
    without_credentials,
)
from .retry.dialect import Profile  # noqa: TC001  # msgspec reads the annotations when a request is decoded
from .retry.loop import CallState
from .retry.record import CallInfo
from .retry.rules import CallFacts, Certainty, EffectivePolicy, is_too_old
from .safety import Evidence, Safety
from .telemetry import open_trace
from .types import CallOptions, Timeout

if TYPE_CHECKING:
    from .call import Endpoint, Settings
    from .retry.record import CallRecord

_NO_REQUEST: Final = (
    "this holds no request to settle: only errors of calls do, in the process that made them, and in another after "
    "error.with_request(); what broke off a stream or a list of pages does not"
)
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
        timeout: the limits on each attempt.
        strict: whether an answer must match its schema.
        first_sent: Unix time in seconds of the first attempt; 0 where there was none.
        account: the account for which it was sent; None where the client could not tell.
        reference: the caller's own name for what is to be done once; empty where they gave none.
        has_own_key: whether the caller brought the key, or the reference that it stands for.
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
    timeout: Timeout
    strict: bool
    first_sent: float
    account: str | None = None
    reference: str = ""
    has_own_key: bool = False


class KeptCall(Struct, frozen=True):
    """A call as an error keeps it in memory.

    Args:
        prepared: the call, ready to be sent.
        endpoint: its operation.
        settings: those of its client.
        strict: whether an answer must match its schema.
    """

    prepared: Prepared
    endpoint: Endpoint
    settings: Settings
    strict: bool

    @property
    def account(self) -> str | None:
        """The account for which it was sent; None where the client could not tell."""
        settings = self.settings
        return account_of(settings.account, settings.credentials, self.prepared.unsigned.security)

    def __repr__(self) -> str:
        return f"KeptCall({self.prepared.state.info.operation!r})"

    def unsigned(self) -> UnsignedRequest:
        """Return the request with all of its headers but credentials, so that no other client adds its own."""
        prepared, settings = self.prepared, self.settings
        own = prepared.unsigned
        usual = (("User-Agent", settings.user_agent), ("Accept", "application/json"), *settings.headers.items())
        sent = (*(() if own.is_whole else usual), *prepared.extra.items(), *own.headers)
        headers = {name.lower(): (name, value) for name, value in sent}
        target = without_credentials(settings, own)
        return UnsignedRequest(own.method, target, tuple(headers.values()), own.content, own.security, is_whole=True)

    def written_down(self) -> bytes:
        """Return the call in JSON, without credentials.

        Raises:
            TypeError: its body is no bytes, or its query may hold a credential, so that it cannot be kept.
        """
        unsigned, state = self.unsigned(), self.prepared.state
        if unsigned.content is not None and not isinstance(unsigned.content, bytes):
            raise TypeError("the body of this call is read while it is sent, so it cannot be kept in a pickle")
        parameters = secret_parameters(unsigned.target, state.profile.name)
        if parameters:
            raise TypeError(
                f"the query parameter {parameters[0]} may be a credential, so the call cannot be kept in a pickle"
            )
        names = [name for name, _ in unsigned.headers]
        secret = secret_headers(self.settings, unsigned, state.profile.name, names)
        return msgspec.json.encode(
            SentCall(
                base_url=self.settings.shown_base,
                method=unsigned.method,
                target=unsigned.target,
                headers=tuple(pair for pair in unsigned.headers if pair[0].lower() not in secret),
                body=unsigned.content,
                security=unsigned.security,
                withheld=tuple(name for name in names if name.lower() in secret),
                info=state.info,
                facts=state.facts,
                policy=state.policy,
                profile=state.profile,
                timeout=state.timeout,
                strict=self.strict,
                first_sent=_first_sent(state.record),
                account=self.account,
                reference=self.prepared.reference,
                has_own_key=self.prepared.origin is not KeyOrigin.MINTED,
            )
        )


class Resent(Struct, frozen=True):
    """A call that is sent again: the request with a state of its own, and its operation."""

    prepared: Prepared
    endpoint: Endpoint
    call: Call[Any]


def resent(client: object, settings: Settings, error: object, *, repeat: bool) -> Resent:
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
    kept = error.kept if isinstance(error, APIError) else None
    if not isinstance(error, APIError) or kept is None:
        raise ValueError(_NO_REQUEST)
    _refuse_repetition(error, repeat=repeat)
    if isinstance(kept, bytes):
        sent, endpoint = _read(client, kept)
        unsigned, base_url, retry_if, strict = _unsigned(settings, sent), sent.base_url, None, sent.strict
        info, facts, policy, profile = sent.info, sent.facts, sent.policy, sent.profile
        timeout, first_sent = sent.timeout, sent.first_sent
        account, reference, has_own_key = sent.account, sent.reference, sent.has_own_key
    else:
        state, endpoint = kept.prepared.state, kept.endpoint
        unsigned, base_url, retry_if, strict = kept.unsigned(), kept.settings.shown_base, state.retry_if, kept.strict
        info, facts, policy, profile = state.info, state.facts, state.policy, state.profile
        timeout, first_sent = state.timeout, _first_sent(error.record)
        account, reference = kept.account, kept.prepared.reference
        has_own_key = kept.prepared.origin is not KeyOrigin.MINTED
    if base_url != settings.shown_base:
        raise ValueError(f"the call was sent to {base_url}, and this client sends to {settings.shown_base}")
    other = other_account(account, account_of(settings.account, settings.credentials, unsigned.security))
    if other:
        raise ValueError(f"the call cannot be settled here: {other}")
    if not is_replayable(unsigned.content):
        raise ValueError("the body of this call can be read only once, so it cannot be sent again")
    facts = _facts(settings, error, facts, first_sent)
    if is_too_old(facts, 0.0) and facts.safety is Safety.KEYED:
        record = structs.replace(error.record, attempts=(), elapsed=0.0, stopped="the key is too old")
        raise APIError(explain(record, "nothing was sent, since the server may have forgotten the key"), record)
    again = CallState(
        info, facts, policy, retry_if, profile, timeout, settings.budget, settings.hooks,
        settings.clock, open_trace(info, whole_url(settings, unsigned.target)), settings.max_response_bytes,
    )  # fmt: skip
    origin = KeyOrigin.OWN if has_own_key else KeyOrigin.MINTED
    prepared = ready(settings, unsigned, again, {}, origin, reference)
    return Resent(prepared, endpoint, Call(options=CallOptions(strict=strict)))


def _read(client: object, kept: bytes) -> tuple[SentCall, Endpoint]:
    """Read a call that another process has written down, and find its operation in this client.

    Raises:
        ValueError: it cannot be read, or this client has no such operation.
    """
    for name in ("Evidence", "Safety"):
        # Where msgspec looks up the annotations of public classes, a package imports its names as they are asked for.
        getattr(sys.modules[CallInfo.__module__], name)
    try:
        sent = msgspec.json.decode(kept, type=SentCall)
        found = attrgetter(sent.info.operation)(client)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the request that this error holds cannot be read: {error}") from error
    except AttributeError as error:
        raise ValueError(f"{type(client).__name__} has no such operation: {error}") from error
    return sent, found.endpoint


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
    if error.certainty in _NOTHING_DONE and not facts.resumed:
        # Nothing was done under this key yet; a refusal has shown it to the server all the same.
        is_known = error.certainty is Certainty.REJECTED and first_sent > 0
        return structs.replace(facts, key_age=max(0.0, settings.clock.wall() - first_sent) if is_known else 0.0)
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
    missing = [name for name in sent.withheld if name.lower() not in own]
    if missing:
        raise ValueError(f"the call was sent with the header {missing[0]}, which is not kept, and this client has none")
    headers = (*sent.headers, *(own[name.lower()] for name in sent.withheld))
    return UnsignedRequest(sent.method, sent.target, headers, sent.body, sent.security, is_whole=True)

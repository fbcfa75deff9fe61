"""A whole run: the document, the API, and one check after the other."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from samekey.sandbox.api.address import api_address
from samekey.verify.calls import Caller, ProbeAnswer, wait_for
from samekey.verify.findings import Check, Finding, Marked, Report, UnjudgedError, Verdict, VerifyError, about_both
from samekey.verify.lost_answers import client_left, lost_answer, parallel
from samekey.verify.oracle import Asker, Ids, Listed, read_oracle
from samekey.verify.outages import after_failure, other_instance, restart
from samekey.verify.probes import Bench, late_retry, other_credential, other_headers, other_payload, replay, two_keys
from samekey.verify.requests import NOBODY, credential_of, payload_of, request_of, varied
from samekey.verify.strange_keys import empty_key, long_key, malformed_key, no_key, other_methods, similar_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from samekey.sandbox.api.operations import Site
    from samekey.verify.described import ApiModel
    from samekey.verify.oracle import Oracle
    from samekey.verify.probes import Probe
    from samekey.verify.requests import Payload, ProbeRequest

_PROBES: Final[tuple[tuple[Check, Probe], ...]] = (
    (Check.REPLAY, replay),
    (Check.OTHER_PAYLOAD, other_payload),
    (Check.PARALLEL, parallel),
    (Check.LOST_ANSWER, lost_answer),
    (Check.CLIENT_LEFT, client_left),
    (Check.LATE_RETRY, late_retry),
    (Check.AFTER_FAILURE, after_failure),
    (Check.RESTART, restart),
    (Check.OTHER_INSTANCE, other_instance),
    (Check.OTHER_HEADERS, other_headers),
    (Check.SIMILAR_KEYS, similar_keys),
    (Check.NO_KEY, no_key),
    (Check.EMPTY_KEY, empty_key),
    (Check.MALFORMED_KEY, malformed_key),
    (Check.LONG_KEY, long_key),
    (Check.OTHER_CREDENTIAL, other_credential),
    (Check.OTHER_METHODS, other_methods),
)
_MOST_BODIES = 2
_HIDDEN = "***"
_LONG = 8


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants to be verified.

    Args:
        base_url: where the API is.
        operation: an operationId, or `METHOD /path`.
        oracle: what tells effects apart, see `read_oracle`; empty for what the document offers.
        token: the credential.
        other_token: the credential of another account; empty for none.
        bodies: the body, and another one; what is not given is made up.
        given: values of parameters, by name.
        wait: seconds before a late retry.
        own: whether the user says that the API is theirs.
        failing_body: a body that makes a request fail after its effect; None for none.
        failing_header: a header that does, name and value; None for none.
        restart: a command that restarts the server; empty for none.
        also: the address of another instance; empty for none.
        wait_for: seconds to wait until the server takes connections.
    """

    base_url: str
    operation: str
    oracle: str = ""
    token: str = field(default="", repr=False)
    other_token: str = field(default="", repr=False)
    bodies: tuple[bytes, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    wait: float = 5.0
    own: bool = False
    failing_body: bytes | None = None
    failing_header: tuple[str, str] | None = None
    restart: str = ""
    also: str = ""
    wait_for: float = 0.0


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, as far as it says so by itself (RFC 6761 section 6.3)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_api(described: ApiModel, wishes: Wishes, step: Callable[[str], None] = lambda _: None) -> Report:
    """Check how an API treats idempotency keys.

    Args:
        described: the API as its document has it.
        wishes: what is wanted.
        step: told the name of each check as it begins, for progress.

    Raises:
        VerifyError: the API may not or cannot be checked, or nothing could be judged.
    """
    base = _address(wishes)
    if wishes.wait_for:
        step(f"waiting for {base}")
        wait_for(base, wishes.wait_for)
    site = described.keyed(wishes.operation)
    hidden = _Hidden(described, site, wishes)
    try:
        with Caller(base) as caller:
            bench = bench_of(described, site, wishes, caller)
            step(Check.TWO_KEYS)
            first, bench = _sighted(bench, described, named=bool(wishes.oracle))
            findings = about_both([first, *_findings(bench, step)])
    except VerifyError as error:
        raise VerifyError(hidden.out_of(str(error))) from None
    shown = tuple(replace(found, why=hidden.out_of(found.why)) for found in findings)
    return Report(described.api.title, site.name, base, str(bench.oracle), shown, site.operation.profile, site.place)


class _Hidden:
    """Keeps credentials out of texts, wherever an API may have echoed them."""

    def __init__(self, described: ApiModel, site: Site, wishes: Wishes) -> None:
        credentials = [
            credential_of(described.api, site.operation, token) for token in (wishes.token, wishes.other_token)
        ]
        secrets = {secret for credential in credentials for secret in credential.secrets}
        longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
        self._pattern = re.compile("|".join(map(_wherever, longest_first)) or "(?!)")

    def out_of(self, text: str) -> str:
        """Return a text without the credentials in it."""
        return self._pattern.sub(_HIDDEN, text)


def _wherever(secret: str) -> str:
    """Return a pattern that finds a secret; one that is as short as a word is no part of other words."""
    pattern = re.escape(secret)
    return pattern if len(secret) >= _LONG else rf"(?<!\w){pattern}(?!\w)"


def _address(wishes: Wishes) -> str:
    base = api_address(wishes.base_url, "--base-url", "give them with --token")
    if wishes.also:
        api_address(wishes.also, "--also", "give them with --token")
    strangers = [url for url in (wishes.base_url, wishes.also) if url and not is_loopback(url)]
    if not wishes.own and strangers:
        raise VerifyError(
            f"{urlsplit(strangers[0]).hostname} is not this machine. Checking makes real requests, many of them "
            "malformed, and leaves what they make behind: if the API is yours to test, say so with --i-own-this-api"
        )
    return base


def bench_of(described: ApiModel, site: Site, wishes: Wishes, caller: Caller) -> Bench:
    """Gather what the checks work with, from the document and from what the user wants.

    Raises:
        VerifyError: the user must say more, or something else.
    """
    if len(wishes.bodies) > _MOST_BODIES:
        raise VerifyError("give one body, or two that differ")
    credential = credential_of(described.api, site.operation, wishes.token)
    stranger = credential_of(described.api, site.operation, wishes.other_token)
    bodies: list[Payload | None] = [payload_of(site, data) for data in wishes.bodies]
    request = request_of(described, site, credential, wishes.given, bodies[0] if bodies else None)
    other = bodies[1] if len(bodies) > 1 else varied(described, site, request.payload)
    return Bench(
        caller=caller,
        request=request,
        other=other,
        oracle=read_oracle(wishes.oracle, site, Asker(described, caller, credential, wishes.given)),
        wait=wishes.wait,
        needs_key=site.key_node is not None and site.key_node.flag("required"),
        stranger=None if stranger == NOBODY else stranger,
        items=lambda made: _items(described, site, wishes, made),
        ids=Ids(described.way_to_id(site)),
        failing=_failing(site, request, wishes),
        fails_by_body=wishes.failing_body is not None,
        restart=wishes.restart,
        also=wishes.also.rstrip("/"),
    )


def _failing(site: Site, request: ProbeRequest, wishes: Wishes) -> ProbeRequest | None:
    """Return the request that fails after its effect, if the user says how."""
    if wishes.failing_body is not None:
        return request.saying(payload_of(site, wishes.failing_body))
    return request.with_headers(wishes.failing_header) if wishes.failing_header is not None else None


def _items(described: ApiModel, site: Site, wishes: Wishes, made: ProbeAnswer) -> tuple[ProbeRequest, ...]:
    """Build the requests that change or remove what was made; those that cannot be made up are left out."""
    found: list[ProbeRequest] = []
    for item in described.items(site):
        place = described.shapes[item.name].place
        if place is None:
            continue
        given = {**wishes.given, place.name: Ids(described.way_to_id(site)).of(made)}
        credential = credential_of(described.api, item.operation, wishes.token)
        try:
            request = request_of(described, item, credential, given)
        except VerifyError:
            continue
        # Keys go where they go in the operation that is tried, wherever the document says nothing of them.
        found.append(replace(request, profile=site.operation.profile) if item.key_node is None else request)
    return tuple(found)


def _sighted(bench: Bench, described: ApiModel, *, named: bool) -> tuple[Finding, Bench]:
    """Run the first check; a list that nobody named and that shows nothing is given up for ids."""
    try:
        return two_keys(bench)
    except VerifyError:
        if named or not isinstance(bench.oracle, Listed):
            raise
        ids: Oracle = Ids(described.way_to_id(bench.request.site))
        return two_keys(replace(bench, oracle=ids))


def _findings(bench: Bench, step: Callable[[str], None]) -> Iterator[Finding]:
    """Yield the findings of all checks but the first; what marks stored responses is known once a check sees it."""
    for check, probe in _PROBES:
        step(check)
        found = _found(check, probe, bench)
        marker = next((fact.name for fact in found.facts if isinstance(fact, Marked)), bench.marker)
        bench = replace(bench, marker=marker)
        yield found


def _found(check: Check, probe: Probe, bench: Bench) -> Finding:
    try:
        return probe(bench)
    except UnjudgedError as error:
        return Finding(check, Verdict.UNJUDGED, str(error))

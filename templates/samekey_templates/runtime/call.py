"""An operation's facts, one call of it with its arguments, and the response behind a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct, field, structs

from .declare import public
from .request.body import FileCount
from .request.cookies import CookieStore
from .request.encode import Style
from .retry.record import Recorded, request_id
from .retry.retry_after import retry_after
from .retry.rules import EffectivePolicy, RetryPolicy
from .safety import Evidence, UnlistedRule
from .text import DiscreetHeaders, shown_headers, shown_url
from .types import OMIT, CallOptions, Timeout, checked

if TYPE_CHECKING:
    from uuid import UUID

    from .auth.credentials import Credential, Requirement
    from .journal.journal import Journal
    from .request.build import SharedHeaders
    from .retry.budget import RetryBudget
    from .retry.dialect import Profile
    from .retry.loop import Clock, Hooks
    from .retry.record import AttemptEvent, CallRecord
    from .safety import Safety

T = TypeVar("T")
E = TypeVar("E")
Types: TypeAlias = Mapping[int | str, object]
"""Types by status, by range such as `4XX`, or under `default`."""
BodyKind: TypeAlias = Literal["json", "form", "multipart", "raw"]


RetryIf: TypeAlias = "Callable[[AttemptEvent], bool] | None"
"""The predicate of a retry policy."""
_USUAL_POLICY: Final = EffectivePolicy()


class Endpoint(Struct, frozen=True):
    """What is the same in every call of an operation.

    Args:
        method: the HTTP method.
        path: the path template.
        safety: what sending it twice may do.
        evidence: who says that the API honours the operation's idempotency key, where it is keyed.
        key_only: whether calls are retried as if they had no key, since nobody says that the API honours it.
        documents: statuses of the document that decide something: redirects, 400, 409, 422, and unusual ones of 4xx.
        returns: makes the type of a success, or the types by status; None where no body comes back.
        errors: makes the types of error bodies by status.
        body: how the body is written.
        media_type: the media type of the request body.
        body_required: whether an empty body is sent as well.
        sends: makes the types of the body whose values may be given otherwise than they are sent; None for no such.
        accept: the value of the Accept header, behind which anything else may come where it is no JSON.
        accept_only: whether nothing else may be asked for, since the document says what Accept may be.
        security: the alternatives of credentials; None for the client's default.
        styles: spellings of parameters that are not the default of their location, by `location:name`.
        part_types: media types of the parts of a multipart body.
        files: which parts of a multipart body are files, each one or an array of them.
        retry: how the API's document wants the operation to be retried, if it says so.
        profile: the dialect of idempotency where it differs from the client's.
        server: the server of its own that the operation has, relative to the base URL where it is not a whole URL.
    """

    method: str
    path: str
    safety: Safety
    evidence: Evidence = Evidence.ASSUMED
    key_only: bool = False
    documents: tuple[int, ...] = ()
    returns: Callable[[], object] | None = None
    errors: Callable[[], Types] | None = None
    body: BodyKind = "json"
    media_type: str = "application/json"
    body_required: bool = True
    sends: Callable[[], object] | None = None
    accept: str = "application/json"
    accept_only: bool = False
    security: Requirement | None = None
    path_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    query_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    header_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    cookie_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    form_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    part_types: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[str, FileCount] = field(default_factory=dict[str, FileCount])
    retry: RetryPolicy | None = None
    profile: Profile | None = None
    server: str = ""


class Call(Generic[T]):
    """One call of an operation: its arguments under their names on the wire.

    Args:
        path: path parameters.
        query: query parameters.
        headers: header parameters.
        cookies: cookie parameters.
        body: the body: a mapping of fields, or any value that the endpoint's kind of body can hold.
        idempotency_key: the caller's own key; None to mint one where the operation is keyed.
        first_use: whether the caller says that no earlier call has used the key.
        options: settings of this call alone.
        query_text: the whole query as a server gave it, in place of `query`.
    """

    __slots__ = (
        "body", "cookies", "first_use", "headers", "idempotency_key", "options", "path", "query", "query_text",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913  # the parts of a request
        self,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        cookies: Mapping[str, object] | None = None,
        body: object = OMIT,
        idempotency_key: str | UUID | None = None,
        first_use: bool = False,
        options: CallOptions | None = None,
        query_text: str | None = None,
    ) -> None:
        self.path = path
        self.query = query
        self.headers = headers
        self.cookies = cookies
        self.body = body
        self.idempotency_key = idempotency_key
        self.first_use = first_use
        self.options = options
        self.query_text = query_text


class PagedCall(Call[T], Generic[T, E]):
    """One call of an operation that gives a page of items."""

    __slots__ = ()


class StreamCall(Call[E]):
    """One call of an operation that gives a stream of items."""

    __slots__ = ()


class StreamableCall(Call[T], Generic[T, E]):
    """One call of an operation that gives a value, or the same in a stream of items."""

    __slots__ = ()


@public
class Response(Recorded, Struct, Generic[T], frozen=True):
    """A result with the answer behind it.

    Args:
        data: the decoded result.
        status: the HTTP status.
        headers: the answer's headers, looked up without regard to case.
        content: the answer's body as it came, decompressed.
        replayed: whether the server gave the stored answer of an earlier request with this key.
        record: the call with its attempts.
    """

    data: T
    status: int
    headers: Mapping[str, str]
    content: bytes
    replayed: bool
    record: CallRecord

    def __repr__(self) -> str:
        headers = shown_headers(self.headers)
        return (
            f"Response(data={self.data!r}, status={self.status!r}, headers={headers!r}, content={self.content!r}, "
            f"replayed={self.replayed!r}, record={self.record!r})"
        )

    def holding(self, data: E) -> Response[E]:
        """Return the same response with another decoded result."""
        return Response(data, self.status, self.headers, self.content, self.replayed, self.record)

    @property
    def request_id(self) -> str | None:
        """The server's own id of this answer, if it gave one."""
        return request_id(self.headers)

    @property
    def retry_after(self) -> float | None:
        """Seconds that the answer asks to wait before the next request, if it does; a success rarely does."""
        return retry_after(self.headers, time.time())


class Settings(Struct, frozen=True):
    """What a client keeps for all of its calls.

    Args:
        base_url: the URL that paths are appended to.
        user_agent: the value of the User-Agent header.
        credentials: by security scheme.
        security: the document's default alternatives.
        profile: the API's dialect of idempotency.
        retry: the retry policy that the caller chose; what it does not say is as the operation or the API says.
        usual_retry: the retry policy of the API, from its document and the SDK's config.
        timeout: the limits on each attempt.
        headers: extra headers of every request.
        strict: raise where an answer does not match its schema.
        keep_extra_fields: keep the fields of answers that the document does not list.
        unlisted: what holds for operations that the document does not list.
        hooks: what to tell the caller.
        budget: the retry budget.
        clock: time and chance.
        journal: where keyed calls are written down, if anywhere.
        max_response_bytes: the size of an answer, decompressed, above which it is not read into memory.
        variables: values of the variables in the servers' URLs.
        parameters: parameters for calls that do not say them, by location and name on the wire.
        middleware: the caller's own functions around each call, the first one outermost.
        cookies: those that servers have set for this client; a copy has its own.
        is_moved: the caller said where the API is, so that operations with servers of their own are found there too.
        shared: what requests have in common, by requirement, as far as it has been worked out.
        usual_policy: the retry policy of calls where neither the operation nor the call has one, and its predicate.
        shown_base: the base URL without user, password and query.
        account: the name that the caller gave to the account for which the client acts, if they did.
        sunsets: when the answers of an operation are looked at again for a sign that it will end.
    """

    base_url: str
    user_agent: str
    credentials: Mapping[str, Credential]
    security: Requirement
    profile: Profile
    retry: RetryPolicy
    usual_retry: RetryPolicy
    timeout: Timeout
    headers: Mapping[str, str]
    strict: bool
    hooks: Hooks
    budget: RetryBudget
    clock: Clock
    journal: Journal | None = None
    max_response_bytes: float = float("inf")
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    parameters: Mapping[tuple[str, str], object] = field(default_factory=dict[tuple[str, str], object])
    middleware: tuple[Callable[..., Any], ...] = ()
    cookies: CookieStore = field(default_factory=CookieStore)
    is_moved: bool = False
    shared: dict[Requirement, SharedHeaders] = field(default_factory=dict["Requirement", "SharedHeaders"])
    usual_policy: tuple[EffectivePolicy, RetryIf] = (_USUAL_POLICY, None)
    shown_base: str = ""
    account: str | None = None
    keep_extra_fields: bool = True
    unlisted: UnlistedRule = UnlistedRule()
    mismatches: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    sunsets: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        checked("timeout", self.timeout, Timeout, "Timeout(read=10)")
        checked("retry", self.retry, RetryPolicy, "RetryPolicy(max_retries=5)")
        policy = self.retry.over(self.usual_retry)
        structs.force_setattr(self, "usual_policy", (EffectivePolicy.of(policy), policy.retry_if))
        structs.force_setattr(self, "shown_base", shown_url(self.base_url))
        structs.force_setattr(self, "headers", DiscreetHeaders(self.headers))

    def __repr__(self) -> str:
        # Tracebacks with local variables show it.
        return f"Settings({self.shown_base!r}, headers={self.headers!r})"

    def policy(self, of_operation: RetryPolicy | None, of_call: RetryPolicy | None) -> tuple[EffectivePolicy, RetryIf]:
        """Return the retry policy of a call, and its predicate: each policy refines the one before it.

        Args:
            of_operation: the policy of the operation, if it has one.
            of_call: the policy of this call alone, if it has one.
        """
        if of_operation is None and of_call is None:
            return self.usual_policy
        policy = self.usual_retry if of_operation is None else of_operation.over(self.usual_retry)
        policy = self.retry.over(policy)
        if of_call is not None:
            policy = of_call.over(policy)
        return EffectivePolicy.of(policy), policy.retry_if

"""The client: base URL, credentials and the default dialect of idempotency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey import code
from samekey.code import Code, source
from samekey.ir import SchemeKind
from samekey.plan.views import ClientView, CredentialView, ImportView
from samekey.profile import DEFAULT, KeyKind

if TYPE_CHECKING:
    from samekey.ir import Api, RetryHint, SecurityScheme
    from samekey.names import Names
    from samekey.profile import KeyFormat, Profile, Signal

_CREDENTIALS = {
    SchemeKind.API_KEY: source("ApiKey"),
    SchemeKind.BASIC: source("Basic"),
    SchemeKind.BEARER: source("Bearer"),
}


_DEFAULT_MAX_DELAY = 8.0
_INIT_DOC = (
    "Make a client; it connects when it is first used.",
    "",
    "Args:",
    "    base_url: the URL that paths are appended to, in place of the document's server.",
    "    retry: how often, how long and for what a call is retried.",
    "    timeout: the limits on each attempt.",
    "    headers: further headers of every request.",
    "    strict: raise where an answer does not match its schema, rather than keep what came.",
    "    on_attempt: called when an attempt has ended.",
    "    on_retry: called before the wait for the next attempt.",
    "    journal: where keyed calls are written down before they are sent, to be resumed after a crash.",
    "    http_client: your own connection, with its own proxies and certificates; it is not closed with this client.",
    "",
    "Raises:",
    "    ValueError: there is no usable base URL.",
)


def plan_client(api: Api, names: Names, version: str) -> ClientView:
    """The view of the two clients."""
    credentials = tuple(_credential(scheme, names) for scheme in api.schemes)
    auth = sorted({_CREDENTIALS[scheme.kind] for scheme in api.schemes})
    imports = [
        ImportView(
            source("._runtime._client"),
            (source("ApiFacts"), source("AsyncClient"), source("SyncClient"), source("make_settings")),
        )
    ]
    if auth:
        imports.append(ImportView(source("._runtime._auth"), (*auth, source("from_environment"))))
    if api.profile != DEFAULT:
        used = [source("Profile")]
        spelled = profile_code(api.profile)
        used += [name for name in (source("Signal"),) if "Signal(" in spelled]
        imports.append(ImportView(source("._runtime._profile"), tuple(used)))
        if "KeyFormat(" in spelled:
            imports.append(ImportView(source("._runtime._keys"), (source("KeyFormat"),)))
    if api.retry is not None:
        imports.append(ImportView(source("._runtime._policy"), (source("RetryPolicy"),)))
    return ClientView(
        name=code.identifier(names.client),
        async_name=code.identifier(f"Async{names.client}"),
        doc=code.docstring(f"Client of {code.one_line(api.title)}.\n\n{_about(api)}".strip()),
        init_doc=code.docstring(_init_doc(api, names)),
        base_url=code.literal(api.servers[0].url if api.servers else ""),
        base_url_variable=code.identifier(f"{names.prefix}_BASE_URL"),
        user_agent=code.literal(f"{names.distribution}-python/{version}"),
        security=code.sequence(code.literal(alternative) for alternative in api.security),
        retry=retry_code(api.retry) if api.retry is not None else source(""),
        profile=profile_code(api.profile) if api.profile != DEFAULT else source(""),
        credentials=credentials,
        imports=tuple(sorted(imports, key=lambda entry: entry.module)),
    )


def _init_doc(api: Api, names: Names) -> str:
    lines = [
        f"    {argument}: {code.one_line(scheme.doc or scheme.id, 300)}; "
        f"the environment variable `{names.prefix}_{argument.upper()}` where it is None."
        for scheme in api.schemes
        for argument in names.credentials[scheme.id]
    ]
    return "\n".join([*_INIT_DOC[:3], *lines, *_INIT_DOC[3:]])


def _about(api: Api) -> str:
    first = api.description.strip().split("\n\n")[0]
    return code.one_line(first, 600)


def _credential(scheme: SecurityScheme, names: Names) -> CredentialView:
    arguments = tuple(
        (
            code.identifier(argument),
            code.identifier(f"{names.prefix}_{argument.upper()}"),
            code.prose(scheme.doc or scheme.id),
        )
        for argument in names.credentials[scheme.id]
    )
    plain = [argument for argument, _, _ in arguments]
    match scheme.kind:
        case SchemeKind.API_KEY:
            value = code.call(source("ApiKey"), code.literal(scheme.name), code.literal(scheme.location.value), *plain)
        case SchemeKind.BASIC:
            value = code.call(source("Basic"), *plain)
        case SchemeKind.BEARER:
            value = code.call(source("Bearer"), *plain)
    given = code.conjunction(code.is_given(argument) for argument in plain)
    return CredentialView(code.literal(scheme.id), arguments, given, value)


def profile_code(profile: Profile) -> Code:
    """A profile as the runtime's own, with nothing in it that is the default."""
    spelled = {
        "carrier": (code.literal(profile.carrier.value), profile.carrier != DEFAULT.carrier),
        "name": (code.literal(profile.name), profile.name != DEFAULT.name),
        "format": (_format(profile.format), profile.format != DEFAULT.format),
        "quoted": (code.literal(profile.quoted), profile.quoted != DEFAULT.quoted),
        "ttl": (code.literal(profile.ttl), profile.ttl != DEFAULT.ttl),
        "in_flight": (_signals(profile.in_flight), profile.in_flight != DEFAULT.in_flight),
        "mismatch": (_signals(profile.mismatch), profile.mismatch != DEFAULT.mismatch),
        "replayed": (code.literal(profile.replayed), profile.replayed != DEFAULT.replayed),
        "should_retry": (code.literal(profile.should_retry), profile.should_retry != DEFAULT.should_retry),
        "first_sent": (code.literal(profile.first_sent), profile.first_sent != DEFAULT.first_sent),
    }
    return code.construct(source("Profile"), {name: value for name, (value, is_told) in spelled.items() if is_told})


def retry_code(hint: RetryHint) -> Code:
    """What the document wants of retries, as the runtime's policy."""
    spelled: dict[str, Code] = {}
    if hint.max_retries is not None:
        spelled["max_retries"] = code.literal(hint.max_retries)
    if hint.initial_delay is not None:
        spelled["initial_delay"] = code.literal(hint.initial_delay)
        spelled["max_delay"] = code.literal(max(hint.initial_delay, hint.max_delay or _DEFAULT_MAX_DELAY))
    if hint.deadline is not None:
        spelled["deadline"] = code.literal(hint.deadline)
    if hint.statuses:
        spelled["statuses"] = code.call(source("frozenset"), code.literal(list(hint.statuses)))
    return code.construct(source("RetryPolicy"), spelled)


def _format(form: KeyFormat) -> Code:
    default = DEFAULT.format
    arguments: list[Code] = []
    if form.kind != default.kind:
        arguments.append(code.literal(form.kind.value))
    if form.kind is KeyKind.ALPHABET:
        arguments.append(code.keyword_argument("length", code.literal(form.length)))
        if form.alphabet != default.alphabet:
            arguments.append(code.keyword_argument("alphabet", code.literal(form.alphabet)))
    if form.max_length != default.max_length:
        arguments.append(code.keyword_argument("max_length", code.literal(form.max_length)))
    return code.call(source("KeyFormat"), *arguments)


def _signals(signals: tuple[Signal, ...]) -> Code:
    return code.sequence(
        code.call(source("Signal"), code.literal(signal.status), *([code.literal(signal.code)] if signal.code else []))
        for signal in signals
    )

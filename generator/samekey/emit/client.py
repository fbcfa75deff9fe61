"""The client: base URL, credentials and the default dialect of idempotency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from samekey.config.dialect import DEFAULT, AnswerSign, Carrier, KeyFormat, KeyKind, Profile, Signal
from samekey.emit import code, symbols
from samekey.emit.code import Code, source
from samekey.emit.views import ClientView, CredentialView, VariableView
from samekey.ir import SchemeKind, UnlistedRule
from samekey.names.arguments import CREDENTIAL_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.retry import RetryHint
    from samekey.ir import Api, SecurityScheme, Server
    from samekey.names import Names

_WORDS: Final[Mapping[tuple[SchemeKind, str], str]] = {
    (SchemeKind.BEARER, "token"): "{}; a token, a function that returns one, or ClientCredentials",
    (SchemeKind.OAUTH2, "token"): "{}; a token of your own, or a function that returns one, instead of fetched ones",
    (SchemeKind.OAUTH2, "client_id"): "{}; the name of this client, to fetch tokens with",
    (SchemeKind.OAUTH2, "client_secret"): "{}; its secret",
}
"""What an argument is for, where the scheme's own words do not say it."""
_MAX_SERVER_NAME = 60
_INIT_DOC = (
    "Make a client; it connects when it is first used.",
    "",
    "Args:",
    "    base_url: the URL that paths are appended to, in place of all servers of the document; or the name of one of",
    "        `SERVERS`.",
    "    retry: how often, how long and for what a call is retried.",
    "    max_retries: how often a call is retried at most, where nothing else of the policy differs.",
    "    timeout: the limits on each attempt: a `Timeout`, seconds for the whole attempt, or a timeout of httpx.",
    "    headers: extra headers of every request.",
    "    strict: raise where an answer does not match its schema, rather than keep what came.",
    "    keep_extra_fields: keep the fields of answers that the document does not list, and send them back with the",
    "        models that have them.",
    "    on_send: called before each attempt, with the key. What a hook raises is logged and changes nothing.",
    "    on_attempt: called when an attempt has ended, with the answer's headers.",
    "    on_retry: called before the wait for the next attempt.",
    "    on_end: called with the record of the call when it has ended, before its result is decoded.",
    "    retry_budget: what retries draw on, in place of a budget of this client's own; several clients may share one.",
    "    journal: where keyed calls are written down before they are sent, to be resumed after a crash.",
    "    max_response_bytes: the size of an answer, decompressed, above which it is not read into memory; an item of a",
    "        stream likewise. Downloads to a file have no limit.",
    "    account: a name for the account for which the client acts, which a journal keeps with each call: a client of",
    "        another account does not resume it. By default what the credentials tell without a secret.",
    "    verify: whether servers' certificates are checked; or the path of a file or folder of authorities, or an",
    "        `ssl.SSLContext`.",
    "    cert: the client's own certificate: a path, or the paths of certificate and key, and the key's password.",
    "    proxy: the URL of a proxy for all requests, in place of those that the environment names.",
    "    limits: how many connections may be open, such as `httpx.Limits(max_connections=10)`.",
    "    http2: whether HTTP/2 is spoken with servers that know it; needs the extra `[http2]`.",
    "    http_library: the library that sends, `httpx` or `httpx2`; the latter needs the extra `[httpx2]`.",
    "    http_client: your own client of httpx or httpx2, for what has no argument here; it is not closed with this",
    "        client.",
    "",
    "Raises:",
    "    TypeError: `http_client` is of another library, or async where this client is not, or the other way round.",
    "    ValueError: there is no usable base URL, headers hold an idempotency key, which belongs to one call, or an",
    "        argument or a variable of the environment, such as a proxy, cannot be used.",
)


def plan_client(api: Api, names: Names, version: str) -> ClientView:
    """Return the view of the two clients, sync and async, for the template."""
    credentials = tuple(view for scheme in api.schemes for view in _credentials(scheme, names))
    retry = retry_code(api.retry) if api.retry is not None else source("")
    profile = profile_code(api.profile) if api.profile != DEFAULT else source("")
    unlisted = _unlisted_code(api.unlisted) if api.unlisted != UnlistedRule() else source("")
    values = tuple((view.value, view.reader) for view in credentials)
    resource = symbols.CLIENT_RESOURCE if api.operations else source("")
    annotations = tuple((view.annotation, view.async_annotation) for view in credentials)
    return ClientView(
        name=code.identifier(names.client),
        async_name=code.identifier(f"Async{names.client}"),
        doc=code.docstring(f"Client of {code.single_line(api.title)}.\n\n{_about(api)}".strip()),
        init_doc=code.docstring(_init_doc(api, names)),
        base_url=code.literal(api.servers[0].template if api.servers else ""),
        base_url_variable=code.identifier(f"{names.prefix}_BASE_URL"),
        log_variable=code.identifier(f"{names.prefix}_LOG"),
        user_agent=code.literal(f"{names.distribution}-python/{version}"),
        security=code.sequence(code.literal(alternative) for alternative in api.security),
        retry=retry,
        profile=profile,
        unlisted=unlisted,
        credentials=credentials,
        variables=tuple(_variables(api, names)),
        servers=tuple(_servers(api.servers)),
        imports=symbols.imports((symbols.CLIENT_PARTS, resource, retry, profile, unlisted, values), "."),
        typing_imports=symbols.imports((symbols.CREDENTIAL, annotations), "."),
    )


def _init_doc(api: Api, names: Names) -> str:
    credentials = [line for scheme in api.schemes for line in _credential_docs(scheme, names)]
    variables = [line for server in api.servers[:1] for line in _variable_docs(server, names)]
    return "\n".join([*_INIT_DOC[:3], *credentials, *variables, *_INIT_DOC[3:]])


def _credential_docs(scheme: SecurityScheme, names: Names) -> Iterable[str]:
    plain = code.single_line(scheme.doc or scheme.id, 300).rstrip(".")
    for word, argument in zip(CREDENTIAL_WORDS[scheme.kind], names.credentials[scheme.id], strict=True):
        about = _WORDS.get((scheme.kind, word), "{}").format(plain)
        variable = f"{names.prefix}_{argument.upper()}"
        yield f"    {argument}: {about}; the environment variable `{variable}` where it is None."


def _variable_docs(server: Server, names: Names) -> Iterable[str]:
    for variable in server.variables:
        about = code.single_line(variable.doc or f"`{variable.name}` of the server {server.template}", 300).rstrip(".")
        choices = f"; one of {', '.join(code.single_line(choice) for choice in variable.choices)}"
        yield f"    {names.variables[variable.name]}: {about}{choices if variable.choices else ''}."


def _about(api: Api) -> str:
    first = api.description.strip().split("\n\n")[0]
    return code.single_line(first, 600)


def _credentials(scheme: SecurityScheme, names: Names) -> Iterable[CredentialView]:
    """Yield the ways to pass the credentials of a security scheme; a later one replaces an earlier one."""
    arguments = [code.identifier(argument) for argument in names.credentials[scheme.id]]
    match scheme.kind:
        case SchemeKind.API_KEY:
            where = code.literal(scheme.name), code.literal(scheme.location.value)
            yield _view(scheme, names, arguments, code.call(symbols.API_KEY, *where, *arguments))
        case SchemeKind.BASIC:
            yield _view(scheme, names, arguments, code.call(symbols.BASIC, *arguments))
        case SchemeKind.HTTP:
            value = code.call(symbols.HTTP_CREDENTIAL, code.literal(scheme.name), *arguments)
            yield _view(scheme, names, arguments, value)
        case SchemeKind.BEARER:
            yield _token_view(scheme, names, arguments[0])
        case SchemeKind.OAUTH2:
            *pair, token = arguments
            scope = [code.literal(" ".join(scheme.scopes))] if scheme.scopes else []
            fetched = code.call(symbols.CLIENT_CREDENTIALS, *pair, code.literal(scheme.token_url), *scope)
            yield _view(scheme, names, pair, code.call(symbols.BEARER, fetched))
            yield _token_view(scheme, names, token)


def _token_view(scheme: SecurityScheme, names: Names, token: Code) -> CredentialView:
    view = _view(scheme, names, [token], code.call(symbols.BEARER, token))
    return replace(view, annotation=symbols.TOKEN_SOURCE, async_annotation=symbols.ASYNC_TOKEN_SOURCE)


def _view(scheme: SecurityScheme, names: Names, arguments: list[Code], value: Code) -> CredentialView:
    described = tuple(
        (name, code.identifier(f"{names.prefix}_{name.upper()}"), code.prose(scheme.doc or scheme.id))
        for name in arguments
    )
    given = code.conjunction(code.is_given(argument) for argument in arguments)
    return CredentialView(
        code.literal(scheme.id), described, given, symbols.FROM_ENVIRONMENT, value, source("str"), source("str")
    )


def _variables(api: Api, names: Names) -> Iterable[VariableView]:
    for variable in api.servers[0].variables if api.servers else ():
        yield VariableView(
            name=code.identifier(names.variables[variable.name]),
            annotation=source("str") if variable.default is not None else source("str | None"),
            default=code.literal(variable.default),
            wire=code.literal(variable.name),
        )


def _servers(servers: Iterable[Server]) -> Iterable[tuple[Code, Code, Code]]:
    """Yield whole server URLs under the document's name for them, else a short description, else the URL itself."""
    taken: set[str] = set()
    for server in servers:
        if not server.url.startswith(("http://", "https://")) or server.url in taken:
            continue
        title = code.single_line(server.name or server.doc).rstrip(".")
        name = title if title and len(title) <= _MAX_SERVER_NAME and title not in taken else server.url
        taken |= {name, server.url}
        yield code.literal(name), code.literal(server.url), code.span(name)


def profile_code(profile: Profile) -> Code:
    """Return source that makes a profile of the runtime's own type, with only what differs from the default."""
    spelled: dict[str, Code] = {}
    for name in Profile.__struct_fields__:
        value = getattr(profile, name)
        if value != getattr(DEFAULT, name):
            spelled[name] = _fact(value)
    return code.construct(symbols.PROFILE, spelled)


ProfileFact: TypeAlias = (
    Carrier | KeyKind | KeyFormat | AnswerSign | Signal | str | bool | float | tuple["ProfileFact", ...] | None
)


def _fact(value: ProfileFact) -> Code:  # noqa: PLR0911  # a return for each kind
    """Return the source of one fact of a profile."""
    match value:
        case Carrier():
            return code.enum_member(symbols.CARRIER, value)
        case KeyKind():
            return code.enum_member(symbols.KEY_KIND, value)
        case KeyFormat():
            return _format(value)
        case tuple():
            return code.sequence(_fact(entry) for entry in value)
        case Signal(status=status, code=word):
            return code.call(symbols.SIGNAL, code.literal(status), *([code.literal(word)] if word else []))
        case AnswerSign():
            named = {name: getattr(value, name) for name in ("code", "header", "field", "equals")}
            spelled = {name: code.literal(entry) for name, entry in named.items() if entry not in {"", (), None}}
            return code.construct(symbols.SIGN, spelled, code.literal(value.status))
        case _:
            return code.literal(value)


def _unlisted_code(rule: UnlistedRule) -> Code:
    """Return source of the rule for what the document does not list, with only what differs from the default."""
    facts = {"safety": code.enum_member(symbols.SAFETY, rule.safety)}
    facts |= {"evidence": code.enum_member(symbols.EVIDENCE, rule.evidence)}
    facts |= {"key_only": source("True")} if rule.key_only else {}
    return code.construct(symbols.UNLISTED_RULE, facts)


def retry_code(hint: RetryHint) -> Code:
    """Return source that makes the runtime's retry policy from what the document and the config want of retries."""
    fields = ("max_retries", "initial_delay", "max_delay", "deadline", "max_retry_after", "budget")
    spelled = {name: code.literal(value) for name in fields if (value := getattr(hint, name)) is not None}
    if hint.statuses:
        spelled["statuses"] = code.call(source("frozenset"), code.literal(list(hint.statuses)))
    return code.construct(symbols.RETRY_POLICY, spelled)


def _format(form: KeyFormat) -> Code:
    default = DEFAULT.format
    arguments: list[Code] = []
    if form.kind is not default.kind:
        arguments.append(_fact(form.kind))
    if form.kind is KeyKind.ALPHABET:
        arguments.append(code.keyword_argument("length", code.literal(form.length)))
        if form.alphabet != default.alphabet:
            arguments.append(code.keyword_argument("alphabet", code.literal(form.alphabet)))
    if form.max_length != default.max_length:
        arguments.append(code.keyword_argument("max_length", code.literal(form.max_length)))
    return code.call(symbols.KEY_FORMAT, *arguments)

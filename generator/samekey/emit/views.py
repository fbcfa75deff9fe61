"""What templates see: flat, frozen, and `Code` wherever it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from msgspec import Struct

from samekey.emit.code import source

if TYPE_CHECKING:
    from samekey.emit.code import Code


class ImportView(Struct, frozen=True):
    """`from module import names`."""

    module: Code
    names: tuple[Code, ...]


class FieldView(Struct, frozen=True):
    """A field of a model or TypedDict; all but `name` and `annotation` may be empty.

    Args:
        name: its name.
        annotation: its type.
        default: the right side.
        doc: its docstring.
        excuse: a comment for type checkers.
    """

    name: Code
    annotation: Code
    default: Code
    doc: Code
    excuse: Code = source("")


class StructView(Struct, frozen=True):
    """A class for what comes back.

    Args:
        decorators: lines above it.
        name: its name.
        base: the class that it is made of, with that one's arguments.
        doc: its docstring.
        fields: its fields in order.
    """

    template: ClassVar[str] = "struct.jinja"
    decorators: tuple[Code, ...]
    name: Code
    base: Code
    doc: Code
    fields: tuple[FieldView, ...]


class EnumView(Struct, frozen=True):
    """An open enum."""

    template: ClassVar[str] = "enum.jinja"
    name: Code
    base: Code
    doc: Code
    members: tuple[tuple[Code, Code, Code], ...]
    """Name, value and docstring of each."""


class UnionView(Struct, frozen=True):
    """A union: an alias for type checkers, a decoding type at run time."""

    template: ClassVar[str] = "union.jinja"
    checking: Code
    kind: Code
    name: Code
    doc: Code
    alias: Code
    runtime: Code


class TypedDictView(Struct, frozen=True):
    """A TypedDict for what goes in."""

    template: ClassVar[str] = "typed_dict.jinja"
    base: Code
    name: Code
    doc: Code
    fields: tuple[FieldView, ...]


class TypedDictCallView(Struct, frozen=True):
    """A TypedDict whose keys are not identifiers."""

    template: ClassVar[str] = "typed_dict_call.jinja"
    base: Code
    name: Code
    doc: Code
    entries: tuple[tuple[Code, Code], ...]


class AliasView(Struct, frozen=True):
    """An alias for what goes in."""

    template: ClassVar[str] = "alias.jinja"
    kind: Code
    name: Code
    doc: Code
    target: Code


ItemView: TypeAlias = StructView | EnumView | UnionView | TypedDictView | TypedDictCallView | AliasView


class ModelsModule(Struct, frozen=True):
    """A module of models.

    Args:
        name: the file's stem.
        future: whether annotations are never evaluated here.
        imports: from the standard library and the runtime.
        siblings: from other modules of models, needed at run time.
        typing_siblings: from other modules of models, for type checkers alone.
        items: in dependency order.
        exports: names that other code may use.
    """

    name: Code
    future: bool
    imports: tuple[Code, ...]
    siblings: tuple[ImportView, ...]
    typing_siblings: tuple[ImportView, ...]
    items: tuple[ItemView, ...]
    exports: tuple[Code, ...]


class ArgumentView(Struct, frozen=True):
    """An argument of a method, and what `samekey inspect` says of it.

    Args:
        name: its name.
        annotation: its type, as it is declared.
        default: what stands for it where it is left out.
        wire: its name on the wire.
        location: where it travels.
        required: whether it must be given.
        doc: what the document says of it.
        kind: its type where it is given.
        named: ids of the type definitions that the type names.
    """

    name: Code
    annotation: Code
    default: Code
    wire: str
    location: str
    required: bool
    doc: str
    kind: Code = source("")
    named: tuple[str, ...] = ()


class FormView(Struct, frozen=True):
    """How an operation of some form is declared.

    Args:
        decorator: what declares it.
        call: the class of its calls.
        gives: the class that a call gives, or empty where it is the value itself.
    """

    decorator: Code
    call: Code
    gives: Code


class MethodView(Struct, frozen=True):
    """An operation as it is declared.

    Args:
        name: of the method.
        positional: arguments of the path.
        keywords: all other arguments, the required ones first.
        form: how it is declared.
        returns: what the call gives.
        facts: the arguments of the decorator.
        doc: the docstring.
        parts: the keyword arguments of `Call`.
        warning: what marks it as deprecated, above its declaration; empty where it is not.
    """

    name: Code
    positional: tuple[ArgumentView, ...]
    keywords: tuple[ArgumentView, ...]
    form: FormView
    returns: Code
    facts: tuple[Code, ...]
    doc: Code
    parts: tuple[Code, ...]
    warning: Code = source("")


class RowView(Struct, frozen=True):
    """A row of api.md, as text for code spans."""

    call: Code
    request: Code
    safety: Code
    returns: Code


class LinkView(Struct, frozen=True):
    """A link: what is shown, and the path from the SDK's folder."""

    shown: Code
    path: Code


class ReferenceArgumentView(Struct, frozen=True):
    """An argument in api.md.

    Args:
        name: its name.
        kind: its type.
        home: the path of the file that has the type; empty where none has.
        required: a word if it must be given, or nothing.
        about: the first sentence that the document says of it.
    """

    name: Code
    kind: Code
    home: Code
    required: Code
    about: Code


class CallView(Struct, frozen=True):
    """A call as the document shows it: the way from the client to the method, its arguments, and how it is made."""

    call: Code
    arguments: Code
    how: Code


class ReferenceView(Struct, frozen=True):
    """A call in api.md, with all that is to be known of it.

    Args:
        call: the way from the client to the method.
        about: what it does, in a line.
        request: method and path.
        safety: what sending it twice may do.
        source: the path of the file that has it.
        arguments: those that it takes.
        returns: the type of what it gives.
        models: the files of the models in that.
        example: a call of it; None where none can be made up.
    """

    call: Code
    about: Code
    request: Code
    safety: Code
    source: Code
    arguments: tuple[ReferenceArgumentView, ...]
    returns: Code
    models: tuple[LinkView, ...]
    example: CallView | None


class HeldView(Struct, frozen=True):
    """A resource as an attribute of the client, or of the resource that holds it."""

    attribute: Code
    module: Code
    class_name: Code
    doc: Code
    homes: tuple[Code, Code]
    """The modules of the sync and the async class, seen from the package: the generated one, or one of the owner's."""


class ResourceModule(Struct, frozen=True):
    """A module of operations.

    Args:
        name: the file's stem.
        path: the attributes that lead to it from the client.
        shown_path: those, as a literal, where the file's stem does not tell them; else empty.
        held: the resources that it holds.
    """

    name: Code
    path: Code
    shown_path: Code
    class_name: Code
    doc: Code
    class_doc: Code
    bases: tuple[Code, Code]
    """The sync one and the async one."""
    imports: tuple[Code, ...]
    typing_imports: tuple[ImportView, ...]
    methods: tuple[MethodView, ...]
    rows: tuple[RowView, ...]
    held: tuple[HeldView, ...] = ()
    calls: tuple[ReferenceView, ...] = ()


class CredentialView(Struct, frozen=True):
    """A way to give the credentials of a security scheme: arguments of the client."""

    scheme: Code
    arguments: tuple[tuple[Code, Code, Code], ...]
    """Name, environment variable, and the doc in one line."""
    given: Code
    """The condition under which the credential is there."""
    reader: Code
    """What takes an argument that was not given from the environment."""
    value: Code
    annotation: Code
    async_annotation: Code


class VariableView(Struct, frozen=True):
    """A variable of the server as an argument of the client."""

    name: Code
    annotation: Code
    default: Code
    wire: Code


class ClientParameterView(Struct, frozen=True):
    """A parameter of operations as an argument of the client."""

    name: Code
    annotation: Code
    location: Code
    wire: Code


class ClientView(Struct, frozen=True):
    """The two clients."""

    name: Code
    async_name: Code
    doc: Code
    init_doc: Code
    base_url: Code
    base_url_variable: Code
    log_variable: Code
    user_agent: Code
    security: Code
    retry: Code
    profile: Code
    unlisted: Code
    credentials: tuple[CredentialView, ...]
    variables: tuple[VariableView, ...]
    parameters: tuple[ClientParameterView, ...]
    servers: tuple[tuple[Code, Code, Code], ...]
    """Name and URL of each server, and the name as text."""
    imports: tuple[Code, ...]
    typing_imports: tuple[Code, ...]


class WebhookView(Struct, frozen=True):
    """A webhook: its name, also as text, what makes the type of its payload, that type, and a line of description."""

    name: Code
    shown: Code
    made: Code
    annotation: Code
    doc: Code


class WebhooksModule(Struct, frozen=True):
    """The module that decodes webhooks."""

    imports: tuple[Code, ...]
    entries: tuple[WebhookView, ...]


class RetryDefaultsView(Struct, frozen=True):
    """What holds for retries and attempts where nobody says otherwise; times in seconds."""

    max_retries: Code
    initial_delay: Code
    max_delay: Code
    deadline: Code
    connect: Code
    read: Code


class ExampleView(Struct, frozen=True):
    """A call for the README and the tests, with no more arguments than it needs.

    Args:
        call: the way from the client to the method.
        arguments: what type-checks.
        answer: a body that comes back.
        shown: the call as it is made in the README.
        awaited: the same on the async client.
    """

    call: Code
    arguments: Code
    answer: Code
    shown: CallView
    awaited: CallView


class SnippetView(Struct, frozen=True):
    """A program that makes a call: what it imports, the call, and a comment."""

    package: Code
    client: Code
    call: CallView
    about: Code


class TestView(Struct, frozen=True):
    """The test of an operation.

    Args:
        call: the way from the client to the method, as text.
        positional: the arguments that come by their places.
        keywords: the others, by name.
        method: the HTTP method.
        path: how the request's path ends; empty where that is not looked at.
        query: parameters of the query that must be there.
        headers: headers that must be there.
        body: what the JSON of the request's body holds at least; None where it is not looked at.
        media_type: the media type of the request's body; empty where that is not looked at.
        status: the status of a success.
        answer: its body.
        gives: the name of the model that comes of it; empty where it is none.
        is_stream: whether the call gives a stream.
        key: the header of the idempotency key; empty where there is none.
        is_keyed: whether the call has a key.
        is_repeated: whether a request whose answer is lost is sent again.
        refusal: a status that refuses.
        refused: its body.
        error: the name of the error's class.
        error_body: the name of the model in the error; empty where it is none.
    """

    call: Code
    positional: Code
    keywords: Code
    method: Code
    path: Code
    query: Code
    headers: Code
    body: Code
    media_type: Code
    status: Code
    answer: Code
    gives: Code
    is_stream: Code
    key: Code
    is_keyed: Code
    is_repeated: Code
    refusal: Code
    refused: Code
    error: Code
    error_body: Code


class LostAnswerView(Struct, frozen=True):
    """Some calls, how many more there are in words, and what happens to all of them if their answer is lost."""

    calls: tuple[Code, ...]
    more: Code
    happens: Code


class MetadataView(Struct, frozen=True):
    """An SDK as a package: what stands in its pyproject.toml, as TOML, and the text of its licence.

    Args:
        description: a line on what it is.
        licence: an SPDX expression; empty for none.
        licence_text: the text of the licence; empty where samekey has none.
        authors: who made it.
        urls: names and URLs.
        repository: the URL of its repository, for links; empty for none.
        keywords: what to find it by.
        classifiers: those of the index.
        dependencies: what code of the owner's needs.
        python: which versions of Python it is for.
    """

    description: Code
    licence: Code
    licence_text: str
    authors: tuple[Code, ...]
    urls: tuple[tuple[Code, Code], ...]
    repository: Code
    keywords: tuple[Code, ...]
    classifiers: tuple[Code, ...]
    dependencies: tuple[Code, ...]
    python: Code


class ExportView(Struct, frozen=True):
    """A module of the package, and the public names that are defined there."""

    module: Code
    names: tuple[Code, ...]


class Plan(Struct, frozen=True):
    """The whole SDK, ready to be printed."""

    package: Code
    distribution: Code
    install: Code
    """The name to install it by, for a line of shell."""
    version: Code
    generator: Code
    """The name and version of samekey."""
    title: Code
    title_text: Code
    """The title as a string of TOML."""
    metadata: MetadataView
    header: Code
    header_text: Code
    client: ClientView
    exports: tuple[ExportView, ...]
    public: tuple[Code, ...]
    resources: tuple[ResourceModule, ...]
    held: tuple[HeldView, ...]
    """The resources that the clients hold themselves."""
    models: tuple[ModelsModule, ...]
    own_models: tuple[Code, ...]
    """Names of the owner's own module of models."""
    deep_models: tuple[Code, ...]
    """Modules of models that can only be imported once those before them are."""
    webhooks: WebhooksModule | None
    keyed_example: ExampleView | None
    safe_example: ExampleView | None
    paged_example: ExampleView | None
    stream_example: ExampleView | None
    streamable_example: ExampleView | None
    download_example: ExampleView | None
    tests: tuple[TestView, ...]
    examples: tuple[CallView, ...]
    """The calls that its pages show, each once."""
    has_call_pages: bool
    """Whether api.md would be too long, and each resource has a page of its own."""
    lost_answers: tuple[LostAnswerView, ...]
    retry_defaults: RetryDefaultsView
    is_promised: bool
    """Whether somebody says of every key that the API honours it."""
    fallbacks: tuple[tuple[str, str], ...]
    """Where a type fell back to Any, and why."""
    has_workflows: bool = False
    """Whether it has workflows of GitHub."""


class OperationSummary(Struct, frozen=True):
    """A row of `samekey inspect`."""

    operation_id: str
    method: str
    path: str
    safety: str
    key: tuple[str, str] | None
    why: str
    call: str
    parameters: tuple[ArgumentView, ...]
    returns: str
    streams: str = ""
    """What its `.stream(…)` gives, if it has one."""
    evidence: str | None = None
    """Who says that the API honours its key; None where it has none."""

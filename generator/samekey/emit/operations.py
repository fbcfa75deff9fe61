"""Operations as methods: arguments, the facts of the decorator, and the parts of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.declare import table

from samekey.config.dialect import carrier_words
from samekey.emit import code, symbols
from samekey.emit.code import Code, source
from samekey.emit.facts import FactsPlanner
from samekey.emit.forms import FORMS, Form, flag_of, form_of, given_fields, is_untold, stream_of
from samekey.emit.views import ArgumentView, MethodView, OperationSummary
from samekey.identifiers import split
from samekey.ir import (
    Evidence,
    Kind,
    Location,
    MapOf,
    Primitive,
    Safety,
    Type,
    references,
)
from samekey.lower.statuses import successes
from samekey.names import BODY, EXTRA, spread_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.emit.annotations import Annotator
    from samekey.ir import Api, Model, Operation, Param
    from samekey.names import Names

_PARTS = table(
    Location, {Location.PATH: "path", Location.QUERY: "query", Location.HEADER: "headers", Location.COOKIE: "cookies"}
)
_RAW = {Kind.STRING: source("str"), Kind.BINARY: source("bytes")}


class OperationPlanner(Struct, frozen=True):
    """Plans the methods of one resource.

    Args:
        api: the whole API.
        names: the Python names.
        models: models by id.
        annotator: spells types for the resource's module.
        adapted: ids of definitions whose values are not sent as they are given.
    """

    api: Api
    names: Names
    models: Mapping[str, Model]
    annotator: Annotator
    adapted: frozenset[str] = frozenset()

    def method(self, operation: Operation) -> MethodView:
        """Return the view of an operation as a method, for the template."""
        arguments = self._arguments(operation)
        facts = FactsPlanner(self.api, self.annotator, self.models, self.adapted)
        # One of the path that the client may be given can be left out, so it has no place.
        positional = tuple(entry for entry in arguments if entry.location == Location.PATH and entry.required)
        others = [entry for entry in arguments if entry not in positional]
        keywords = tuple(sorted(others, key=lambda entry: not entry.required))
        return MethodView(
            name=code.identifier(self.names.methods[operation.key].method),
            positional=positional,
            keywords=(*keywords, *self._own_arguments(operation)),
            form=FORMS[form_of(operation)],
            returns=self._returns(operation),
            facts=tuple(facts.facts(operation)),
            doc=code.docstring(self._doc(operation, [*positional, *keywords])),
            parts=tuple(self._parts(operation)),
            warning=self._warning(operation),
        )

    def _warning(self, operation: Operation) -> Code:
        if not operation.deprecated:
            return source("")
        place = self.names.methods[operation.key]
        return code.call(symbols.DEPRECATED, code.literal(f"{place.call} is deprecated by the API"))

    def summary(self, operation: Operation) -> OperationSummary:
        """Return the row of an operation in `samekey inspect`."""
        place = self.names.methods[operation.key]
        profile = operation.profile
        return OperationSummary(
            operation_id=operation.id,
            method=operation.method,
            path=operation.path,
            safety=operation.safety.value,
            key=(profile.carrier.value, ".".join((*profile.within, profile.name)))
            if operation.safety is Safety.KEYED
            else None,
            evidence=evidence_of(operation),
            why=operation.why,
            call=place.call,
            parameters=tuple(self._arguments(operation)),
            returns=str(self.given(operation)),
            streams=str(self.streamed(operation)),
        )

    def _arguments(self, operation: Operation) -> list[ArgumentView]:
        found = [self._parameter(operation, param) for param in operation.params]
        body = operation.body
        model = spread_model(operation, self.models)
        if model is not None:
            for field in given_fields(operation, model):
                name = self.names.arguments[operation.key, BODY, field.name]
                doc = f"Deprecated. {field.doc}".strip() if field.deprecated else field.doc
                argument = self._argument(name, field.type, field.name, BODY, doc, required=field.required)
                if field.constant is not None:
                    argument = replace(argument, required=False, default=code.literal(field.constant))
                found.append(argument)
            if model.extra is not None:
                name = self.names.arguments[operation.key, EXTRA, EXTRA]
                doc = "Further fields, by their names."
                found.append(self._argument(name, MapOf(model.extra), "", EXTRA, doc, required=False))
        elif body is not None:
            name = self.names.arguments[operation.key, BODY, BODY]
            found.append(self._argument(name, body.type, BODY, BODY, body.doc, required=body.required))
        return found

    def _parameter(self, operation: Operation, param: Param) -> ArgumentView:
        name = self.names.arguments[operation.key, param.location, param.name]
        doc = f"Deprecated. {param.doc}".strip() if param.deprecated else param.doc
        return self._argument(name, param.type, param.name, param.location, doc, required=param.is_demanded)

    def _argument(self, name: str, kind: Type, wire: str, location: str, doc: str, *, required: bool) -> ArgumentView:
        given = self.annotator.input(kind)
        annotation = given if required else code.alternatives([given, symbols.OMIT_TYPE])
        return ArgumentView(
            name=code.identifier(name),
            annotation=annotation,
            default=source("") if required else symbols.OMIT,
            wire=wire,
            location=str(location),
            required=required,
            doc=doc,
            kind=given,
            named=tuple(references(kind)),
        )

    def _own_arguments(self, operation: Operation) -> list[ArgumentView]:
        """Return the arguments that samekey adds: the key on keyed methods alone, and the call's options."""
        added: list[ArgumentView] = []
        if operation.safety is Safety.KEYED:
            key = code.alternatives([source("str"), symbols.UUID, source("None")])
            added.append(
                ArgumentView(source("idempotency_key"), key, source("None"), "", "key", required=False, doc="")
            )
            added.append(
                ArgumentView(source("first_use"), source("bool"), source("False"), "", "key", required=False, doc="")
            )
        options = source("CallOptions | None")
        added.append(ArgumentView(source("options"), options, source("None"), "", "options", required=False, doc=""))
        return added

    def _returns(self, operation: Operation) -> Code:
        """Return the type arguments that stand between the brackets of the call's type."""
        stream = stream_of(operation)
        if stream is not None:
            item = self._returned(stream.item)
            return item if form_of(operation) is Form.STREAM else code.comma_separated([self._value(operation), item])
        if operation.paging is not None:
            return code.comma_separated([self._value(operation), self._returned(operation.paging.item)])
        return self._value(operation)

    def given(self, operation: Operation) -> Code:
        """Return the type of what a plain call gives."""
        form = form_of(operation)
        inner = self._value(operation) if form in {Form.EITHER, Form.ANYTHING} else self._returns(operation)
        return code.generic(FORMS[form].gives, inner)

    def streamed(self, operation: Operation) -> Code:
        """Return the type of what `.stream(…)` gives; empty where an operation has no such method."""
        stream = stream_of(operation)
        match form_of(operation):
            case Form.EITHER if stream is not None:
                return code.generic(source("Stream"), self._returned(stream.item))
            case Form.BYTES:
                return source("Stream[bytes]")
            case _:
                return source("")

    def _value(self, operation: Operation) -> Code:
        if is_untold(operation):
            return symbols.ANY
        kinds = [self._returned(response.type) for response in successes(operation.responses)]
        return code.alternatives(kinds) if kinds else source("None")

    def _returned(self, kind: Type | None) -> Code:
        if kind is None:
            return source("None")
        if kind == Primitive(Kind.BINARY):
            return source("bytes")
        return self.annotator.output(kind)

    def _parts(self, operation: Operation) -> Iterable[Code]:
        for location, part in _PARTS.items():
            entries = [
                (code.literal(param.name), code.identifier(self.names.arguments[operation.key, location, param.name]))
                for param in operation.params
                if param.location is location
            ]
            if entries:
                yield code.keyword_argument(part, code.mapping(entries))
        model = spread_model(operation, self.models)
        if model is not None:
            entries = [
                (code.literal(field.name), code.identifier(self.names.arguments[operation.key, BODY, field.name]))
                for field in given_fields(operation, model)
            ]
            flag = flag_of(operation)
            # The stream's own method sets the flag; a plain call says that it wants none, whatever the default is.
            fields = code.mapping([*entries, *([(code.literal(flag), source("False"))] if flag else [])])
            if model.extra is not None:
                extra = code.identifier(self.names.arguments[operation.key, EXTRA, EXTRA])
                fields = code.call(symbols.WITH_EXTRA, fields, extra)
            yield code.keyword_argument("body", fields)
        elif operation.body is not None:
            yield code.keyword_argument("body", code.identifier(self.names.arguments[operation.key, BODY, BODY]))
        if operation.safety is Safety.KEYED:
            yield source("idempotency_key=idempotency_key")
            yield source("first_use=first_use")
        yield source("options=options")

    def _doc(self, operation: Operation, arguments: list[ArgumentView]) -> str:
        said = _own_summary(operation)
        paragraphs = [f"{title_of(operation)}."]
        if operation.deprecated:
            paragraphs.append("Deprecated.")
        if operation.description and operation.description != said and said:
            paragraphs.append(operation.description)
        elif not said and "\n" in operation.description:
            paragraphs.append(operation.description.partition("\n")[2].strip())
        paragraphs.append(_safety_in_words(operation))
        documented = [entry for entry in arguments if entry.doc]
        lines = [f"    {entry.name}: {code.single_line(entry.doc, 300)}" for entry in documented]
        if operation.safety is Safety.KEYED:
            lines += _KEY_ARGUMENTS
        if lines:
            paragraphs.append("\n".join(["Args:", *lines]))
        return "\n\n".join(paragraphs)


def evidence_of(operation: Operation) -> str | None:
    """Return who says that the API honours an operation's key; None where it has none."""
    return None if operation.evidence is None else operation.evidence.value


def title_of(operation: Operation) -> str:
    """Return what an operation does, on one line without a full stop."""
    said = _own_summary(operation) or operation.description.partition("\n")[0]
    return code.single_line(said or f"{operation.method} {operation.path}").rstrip(".")


def _own_summary(operation: Operation) -> str:
    return "" if _repeats_id(operation) else operation.summary


def _repeats_id(operation: Operation) -> bool:
    """Whether a summary only repeats the operationId, as FastAPI makes it of a function's name."""
    spoken = split(operation.summary)
    return split(operation.id)[: len(spoken)] == spoken and operation.summary.istitle()


_KEY_ARGUMENTS: Final = (
    "    idempotency_key: a key of your own, or that of an earlier call, to settle it; None to have one made.",
    "    first_use: whether no earlier call has used the key, so that a refusal means that nothing was done.",
)


def _safety_in_words(operation: Operation) -> str:
    """Say what becomes of a call whose answer is lost, for whoever makes it."""
    profile = operation.profile
    match operation.safety:
        case Safety.SAFE:
            return "Only reads, so it is simply sent again if its answer is lost."
        case Safety.IDEMPOTENT:
            return "May be sent twice without harm, so it is sent again if its answer is lost."
        case Safety.KEYED:
            place = f"{carrier_words(profile.carrier)} `{'.'.join((*profile.within, profile.name))}`"
            return f"{_keyed_in_words(operation, place)} {_sentence(operation.why)}"
        case Safety.UNSAFE:
            return f"Not sent again once it may have been done: it carries no key. {_sentence(operation.why)}"
        case _:
            assert_never(operation.safety)


def _keyed_in_words(operation: Operation, place: str) -> str:
    if operation.key_only:
        return f"Carries an idempotency key ({place}), and is not sent again once it may have been done."
    again = f"Sent again under the same idempotency key ({place}) if its answer is lost"
    if operation.evidence is Evidence.ASSUMED:
        return f"{again}: done once if the API honours the key, perhaps twice if it does not."
    return f"{again}, and done once."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

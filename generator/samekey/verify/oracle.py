"""Telling effects apart: by the ids in the answers, by counting a list, or by a number that the API gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from samekey.config.pagination import PagingStyle
from samekey.document.pointers import tokens
from samekey.ir import Safety
from samekey.verify.calls import ProbeAnswer
from samekey.verify.described import items_path
from samekey.verify.findings import UnjudgedError, VerifyError
from samekey.verify.requests import request_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.document.values import JsonValue
    from samekey.ir import Paging
    from samekey.sandbox.api.operations import Site
    from samekey.verify.calls import Caller, ProbeOutcome
    from samekey.verify.described import ApiModel
    from samekey.verify.requests import ProbeCredential, ProbeRequest

_MOST_PAGES: Final = 200
_NEXT = re.compile(r"<([^>]*)>[^,]*;\s*rel=\"?next\"?")


@dataclass(frozen=True, slots=True)
class Effects:
    """How many effects there were.

    Args:
        count: those that were seen.
        exact: whether there can be no others.
    """

    count: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Ids:
    """Answers with the same id are one effect; what is not answered is not seen.

    Args:
        pointer: the path to the id in an answer, as a JSON pointer.
    """

    pointer: str

    def __str__(self) -> str:
        return f"the id at {self.pointer} of each answer"

    def mark(self) -> int:
        """Return the count before something is done: 0, since nothing needs to be remembered."""
        return 0

    def since(self, before: int, outcomes: Sequence[ProbeOutcome]) -> Effects:
        """Count the effects that responses tell of, by their ids.

        Raises:
            UnjudgedError: an answer has no id.
        """
        answers = [outcome for outcome in outcomes if isinstance(outcome, ProbeAnswer)]
        found = {self.of(answer) for answer in answers if answer.succeeded}
        return Effects(before + len(found), exact=len(answers) == len(outcomes))

    def of(self, answer: ProbeAnswer) -> str:
        """Return the id in a response.

        Raises:
            UnjudgedError: it has none.
        """
        value = value_under(answer.value, tokens(self.pointer))
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise UnjudgedError(f"an answer has no id at {self.pointer}; name another oracle with --oracle")
        return str(value)


@dataclass(frozen=True, slots=True)
class Listed:
    """Every item that a list has more is an effect.

    Args:
        caller: sends requests.
        request: asks for the list.
        items: the path to the list in an answer.
    """

    caller: Caller
    request: ProbeRequest
    items: tuple[str, ...]

    def __str__(self) -> str:
        return f"the number of items of {self.request.site.name}"

    def mark(self) -> int:
        """Return the length of the list, on all of its pages.

        Raises:
            UnjudgedError: it cannot be had.
        """
        return sum(len(page) for page in self._pages())

    def since(self, before: int, outcomes: Sequence[ProbeOutcome]) -> Effects:  # noqa: ARG002  # the list knows better
        """Return how much longer the list is than before.

        Raises:
            UnjudgedError: it cannot be had.
        """
        return Effects(self.mark() - before)

    def _pages(self) -> Iterator[list[JsonValue]]:
        paging = self.request.site.operation.paging
        request, count, asked = self.request, 0, {self.request.query}
        for number in range(_MOST_PAGES):
            answer = _asked(self.caller, request)
            page = value_under(answer.value, self.items)
            if not isinstance(page, list):
                raise UnjudgedError(f"{self.request.site.name} gives no list at {'/'.join(self.items) or 'its top'}")
            yield page
            count += len(page)
            query = _following(paging, answer, page, count, number + 1) if paging is not None and page else None
            if query is None:
                return
            request = replace(request, query=tuple({**dict(request.query), **query}.items()))
            if request.query in asked:
                return
            asked.add(request.query)
        raise UnjudgedError(f"{self.request.site.name} has more than {_MOST_PAGES} pages; name another oracle")


@dataclass(frozen=True, slots=True)
class Counted:
    """Every one that a number has more is an effect.

    Args:
        caller: sends requests.
        request: asks for the number.
        pointer: the path to the number, or to a list whose length counts, as a JSON pointer.
    """

    caller: Caller
    request: ProbeRequest
    pointer: str

    def __str__(self) -> str:
        return f"the number at {self.pointer} of {self.request.site.name}"

    def mark(self) -> int:
        """Return the number that the API gives, or the length of the list in its place.

        Raises:
            UnjudgedError: it cannot be had.
        """
        value = value_under(_asked(self.caller, self.request).value, tokens(self.pointer))
        if isinstance(value, list | dict):
            return len(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
        raise UnjudgedError(f"{self.request.site.name} has no number at {self.pointer}")

    def since(self, before: int, outcomes: Sequence[ProbeOutcome]) -> Effects:  # noqa: ARG002  # the number knows better
        """Return how much larger the number is than before.

        Raises:
            UnjudgedError: it cannot be had.
        """
        return Effects(self.mark() - before)


Oracle: TypeAlias = Ids | Listed | Counted


@dataclass(frozen=True, slots=True)
class Asker:
    """What an oracle needs to ask an API.

    Args:
        described: the API.
        caller: sends requests.
        credential: who asks.
        given: values of parameters that the user gives, by name.
    """

    described: ApiModel
    caller: Caller
    credential: ProbeCredential
    given: Mapping[str, str]


def read_oracle(text: str, site: Site, asker: Asker) -> Oracle:
    """Make the oracle that a user names, which tells effects apart.

    Args:
        text: `id`, `id:/pointer`, `list:OPERATION` or `count:OPERATION#/pointer`; empty for the list beside the
            operation where there is one, else the id.
        site: the operation whose effects are told apart.
        asker: asks the API.

    Raises:
        VerifyError: the text is none of these.
    """
    kind, _, rest = text.partition(":")
    match kind:
        case "":
            return _by_itself(site, asker)
        case "id":
            return Ids(_pointer(rest) if rest else asker.described.way_to_id(site))
        case "list":
            return _listed(_safe(rest, asker), asker)
        case "count":
            name, _, pointer = rest.partition("#")
            counter = _safe(name, asker)
            request = request_of(asker.described, counter, asker.credential, asker.given)
            return Counted(asker.caller, request, _pointer(pointer))
        case _:
            raise VerifyError(
                f"{text!r} is not an oracle; write id, id:/pointer, list:OPERATION or count:OPERATION#/pointer"
            )


def value_under(value: JsonValue, path: Sequence[str]) -> JsonValue:
    """Return what stands at a path into a value; None where the path leads nowhere."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _by_itself(site: Site, asker: Asker) -> Oracle:
    lister = asker.described.lister(site)
    return _listed(lister, asker) if lister is not None else Ids(asker.described.way_to_id(site))


def _listed(site: Site, asker: Asker) -> Listed:
    items = items_path(site)
    if items is None:
        raise VerifyError(f"the document shows no list in the answer of {site.name}; try count:{site.name}#/pointer")
    return Listed(asker.caller, request_of(asker.described, site, asker.credential, asker.given), items)


def _safe(name: str, asker: Asker) -> Site:
    site = asker.described.site(name)
    if site.operation.safety is not Safety.SAFE:
        raise VerifyError(f"{site.name} may change something; an oracle only reads")
    return site


def _pointer(text: str) -> str:
    if not text.startswith("/"):
        raise VerifyError(f"{text!r} is not a JSON pointer; write one such as /id or /data/id")
    return text


def _asked(caller: Caller, request: ProbeRequest) -> ProbeAnswer:
    outcome = caller.settle(request.bearing())
    if isinstance(outcome, ProbeAnswer) and outcome.succeeded:
        return outcome
    ending = f"was answered {outcome.status}" if isinstance(outcome, ProbeAnswer) else f"got no answer: {outcome.why}"
    raise UnjudgedError(f"the oracle {request.site.name} {ending}")


def _following(  # noqa: PLR0911  # a return for each style
    paging: Paging, answer: ProbeAnswer, page: list[JsonValue], count: int, number: int
) -> dict[str, str] | None:
    """Return the query parameters that ask for the next page; None where there is no next page.

    Args:
        paging: how pages follow each other.
        answer: the answer with this page.
        page: its items.
        count: how many items came so far.
        number: how many pages.
    """
    if paging.more and not value_under(answer.value, paging.more):
        return None
    last = value_under(answer.value, paging.last) if paging.last else None
    match paging.style:
        case PagingStyle.OFFSET:
            return {paging.parameter: str(paging.first + count)}
        case PagingStyle.PAGE:
            following = paging.first + number
            return None if isinstance(last, int) and following > last else {paging.parameter: str(following)}
        case PagingStyle.LAST_ITEM:
            marker = value_under(page[-1], paging.next)
            return None if marker is None else {paging.parameter: str(marker)}
        case PagingStyle.CURSOR:
            marker = value_under(answer.value, paging.next)
            if not isinstance(marker, str | int) or marker == "":
                return None
            return {paging.parameter: str(marker)} if paging.parameter else _query(str(marker))
        case PagingStyle.LINK:
            found = _NEXT.search(answer.header("link"))
            return _query(found[1]) if found else None


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))

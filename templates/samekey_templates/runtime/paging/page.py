"""Lists in pages, as callers see them: each page is a call of its own, made when it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import APIError
from .rules import items_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator

    from ..call import Call, Response
    from .rules import PagePosition

T = TypeVar("T")
E = TypeVar("E")


class _AnyPage(Generic[T, E]):
    """What a page and its async twin share."""

    def __init__(self, place: PagePosition[T], response: Response[T]) -> None:
        self._place = place
        self.response = response
        """The answer with status, headers, key and attempts."""
        # Last, since a report of its error shows what is here.
        place.arrive(response)

    @property
    def result(self) -> T:
        """The whole answer of this page."""
        return self.response.data

    @property
    def items(self) -> list[E]:
        """The items of this page alone."""
        return items_of(self._place.paging, self.response.data)

    @property
    def next_cursor(self) -> str | None:
        """Where the next page is, for `after` of the operation in another process or on another day; None at the end.

        It holds what the server gave for it, and it belongs to the arguments of this list.

        Raises:
            PaginationError: the server repeats itself, or the way to the next page cannot be read.
        """
        place = self._place.after(self.response)
        return None if place is None else place.cursor()

    def __repr__(self) -> str:
        operation = self.response.record.call.operation
        return f"<{type(self).__name__} {self._place.number} of {operation}: {len(self.items)} items>"


class Page(_AnyPage[T, E]):
    """A page of a list. Iterating goes through its items and those of all pages after it.

    Args:
        fetch: makes a call.
        place: its place in the list.
        response: the answer.
    """

    def __init__(self, fetch: Callable[[Call[T]], Response[T]], place: PagePosition[T], response: Response[T]) -> None:
        super().__init__(place, response)
        self._fetch = fetch

    def next_page(self) -> Page[T, E] | None:
        """Fetch the next page; None after the last one.

        Raises:
            APIError: the call did not end in a usable answer.
            PaginationError: the server repeats itself, or the way to the next page cannot be read.
        """
        place = self._place.after(self.response)
        if place is None:
            return None
        try:
            return Page(self._fetch, place, self._fetch(place.call))
        except APIError as error:
            error.next_cursor = place.cursor()
            raise

    def pages(self) -> Iterator[Page[T, E]]:
        """Yield this page and all after it, fetched as they are asked for."""
        page: Page[T, E] | None = self
        while page is not None:
            yield page
            page = page.next_page()

    def __iter__(self) -> Iterator[E]:
        for page in self.pages():
            yield from page.items

    def limit(self, count: int) -> Iterator[E]:
        """Yield the first items of the list, as many as `count`; no page is fetched that gives none of them.

        Raises:
            TypeError: the count is no int.
            ValueError: it is below 0.
        """
        return islice(self, _checked(count))

    def to_list(self) -> list[E]:
        """Return the items of this page and of all after it.

        Raises:
            APIError: the list cannot be followed to its end. `error.items` has what was read, and
                `error.next_cursor` says where to go on.
        """
        found: list[E] = []
        try:
            found.extend(self)
        except APIError as error:
            error.items = found
            raise
        return found


class _AsyncItems(ABC, Generic[T, E]):
    """What pages that are awaited and lists of them share."""

    @abstractmethod
    def pages(self) -> AsyncIterator[AsyncPage[T, E]]:
        """Return an iterator over all pages, fetched as they are asked for."""

    def __aiter__(self) -> AsyncIterator[E]:
        return _AsyncItemIterator(self.pages())

    def limit(self, count: int) -> AsyncIterator[E]:
        """Return an iterator over the first items, as many as `count`; no page is fetched that gives none of them.

        Raises:
            TypeError: the count is no int.
            ValueError: it is below 0.
        """
        return _AsyncItemIterator(self.pages(), _checked(count))

    async def to_list(self) -> list[E]:
        """Return all items.

        Raises:
            APIError: the list cannot be followed to its end. `error.items` has what was read, and
                `error.next_cursor` says where to go on.
        """
        found: list[E] = []
        try:
            async for item in self:
                found.append(item)  # noqa: PERF401  # what was read counts if it ends in an error
        except APIError as error:
            error.items = found
            raise
        return found


class AsyncPage(_AnyPage[T, E], _AsyncItems[T, E]):
    """A page of a list. Iterating goes through its items and those of all pages after it.

    Args:
        fetch: makes a call.
        place: its place in the list.
        response: the answer.
    """

    def __init__(
        self, fetch: Callable[[Call[T]], Awaitable[Response[T]]], place: PagePosition[T], response: Response[T]
    ) -> None:
        super().__init__(place, response)
        self._fetch = fetch

    async def next_page(self) -> AsyncPage[T, E] | None:
        """Fetch the next page; None after the last one.

        Raises:
            APIError: the call did not end in a usable answer.
            PaginationError: the server repeats itself, or the way to the next page cannot be read.
        """
        place = self._place.after(self.response)
        if place is None:
            return None
        try:
            return AsyncPage(self._fetch, place, await self._fetch(place.call))
        except APIError as error:
            error.next_cursor = place.cursor()
            raise

    def pages(self) -> AsyncIterator[AsyncPage[T, E]]:
        """Return an iterator over this page and all after it, fetched as they are asked for."""
        return _AsyncPageIterator(self._itself)

    async def _itself(self) -> AsyncPage[T, E]:
        return self


class AsyncPages(_AsyncItems[T, E]):
    """A list that is not fetched yet: await it for its first page, or iterate over all of its items.

    Args:
        first: fetches the first page.
    """

    def __init__(self, first: Callable[[], Awaitable[AsyncPage[T, E]]]) -> None:
        self._first = first

    def __await__(self) -> Generator[Any, Any, AsyncPage[T, E]]:
        return self._first().__await__()

    def pages(self) -> AsyncIterator[AsyncPage[T, E]]:
        """Return an iterator over all pages, fetched as they are asked for."""
        return _AsyncPageIterator(self._first)


class _AsyncPageIterator(Generic[T, E]):
    # No generator: one that is left open would have to be closed by its event loop, and trio's has no such service.

    def __init__(self, first: Callable[[], Awaitable[AsyncPage[T, E]]]) -> None:
        self._first: Callable[[], Awaitable[AsyncPage[T, E]]] | None = first
        self._page: AsyncPage[T, E] | None = None

    def __aiter__(self) -> AsyncIterator[AsyncPage[T, E]]:
        return self

    async def __anext__(self) -> AsyncPage[T, E]:
        if self._first is not None:
            first, self._first = self._first, None
            self._page = await first()
        elif self._page is not None:
            self._page = await self._page.next_page()
        if self._page is None:
            raise StopAsyncIteration
        return self._page


class _AsyncItemIterator(Generic[T, E]):
    def __init__(self, pages: AsyncIterator[AsyncPage[T, E]], left: int | None = None) -> None:
        self._pages = pages
        self._items: Iterator[E] = iter(())
        self._left = left

    def __aiter__(self) -> AsyncIterator[E]:
        return self

    async def __anext__(self) -> E:
        if self._left is not None:
            if self._left == 0:
                raise StopAsyncIteration
            self._left -= 1
        while True:
            for item in self._items:
                return item
            self._items = iter((await anext(self._pages)).items)


def _checked(count: int) -> int:
    if not hasattr(count, "__index__"):
        raise TypeError(f"count must be a number of items, such as 120, and not a {type(count).__name__}")
    if count < 0:
        raise ValueError(f"count must be 0 or above, and not {count}")
    return count

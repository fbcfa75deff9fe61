"""A shop of books in Litestar: `--document` prints what it exports, a number is the port to serve on."""

import json
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID, uuid4

import uvicorn
from litestar import Litestar, delete, get, patch, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.params import Body


class Kind(str, Enum):
    NOVEL = "novel"
    POEM = "poem"


@dataclass
class Draft:
    title: str
    price: Decimal
    kind: Kind = Kind.NOVEL
    printed: date | None = None
    tags: list[str] = field(default_factory=list)


@dataclass
class Book:
    id: UUID
    made: datetime
    title: str
    price: Decimal
    kind: Kind
    printed: date | None
    tags: list[str]


@dataclass
class Change:
    title: str | None = None
    price: Decimal | None = None


@dataclass
class CoverForm:
    file: UploadFile
    note: str = ""


@dataclass
class Cover:
    name: str
    size: int
    note: str


@dataclass
class Login:
    username: str
    password: str


books: dict[UUID, Book] = {}


def found(book_id: UUID) -> Book:
    if book_id not in books:
        raise NotFoundException("there is no such book")
    return books[book_id]


@get("/books", sync_to_thread=False)
def list_books(kind: list[Kind] | None = None, limit: int = 10) -> list[Book]:
    return [book for book in books.values() if not kind or book.kind in kind][:limit]


@post("/books", sync_to_thread=False)
def create_book(data: Draft) -> Book:
    book = Book(uuid4(), datetime.now(timezone.utc), data.title, data.price, data.kind, data.printed, data.tags)
    books[book.id] = book
    return book


@get("/books/{book_id:uuid}", sync_to_thread=False)
def get_book(book_id: UUID) -> Book:
    return found(book_id)


@patch("/books/{book_id:uuid}", sync_to_thread=False)
def change_book(book_id: UUID, data: Change) -> Book:
    book = found(book_id)
    book.title, book.price = data.title or book.title, data.price or book.price
    return book


@delete("/books/{book_id:uuid}", sync_to_thread=False)
def delete_book(book_id: UUID) -> None:
    del books[found(book_id).id]


@post("/books/{book_id:uuid}/cover")
async def add_cover(
    book_id: UUID, data: Annotated[CoverForm, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> Cover:
    content = await data.file.read()
    return Cover(data.file.filename, len(content), f"{found(book_id).title}: {data.note}")


@post("/login", sync_to_thread=False)
def log_in(data: Annotated[Login, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> dict[str, str]:
    return {"token": f"{data.username} {len(data.password)}"}


app = Litestar(
    [list_books, create_book, get_book, change_book, delete_book, add_cover, log_in],
    openapi_config=OpenAPIConfig(title="Books Of Litestar", version="1"),
)

if __name__ == "__main__":
    if sys.argv[1] == "--document":
        print(json.dumps(app.openapi_schema.to_schema()))
    else:
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

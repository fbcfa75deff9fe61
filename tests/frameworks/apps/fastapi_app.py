"""A shop of books in FastAPI: `--document` prints what it exports, a number is the port to serve on."""

import json
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI, File, Form, HTTPException, Query, UploadFile
from pydantic import BaseModel

app = FastAPI(title="Books Of Fast", version="1")


class Kind(str, Enum):
    NOVEL = "novel"
    POEM = "poem"


class Draft(BaseModel):
    title: str
    kind: Kind = Kind.NOVEL
    price: Decimal
    printed: date | None = None
    tags: list[str] = []


class Book(Draft):
    id: UUID
    made: datetime


class Change(BaseModel):
    title: str | None = None
    price: Decimal | None = None


class Cover(BaseModel):
    name: str | None
    size: int
    note: str


books: dict[UUID, Book] = {}


def found(book_id: UUID) -> Book:
    if book_id not in books:
        raise HTTPException(404, "there is no such book")
    return books[book_id]


@app.get("/books")
def list_books(kind: Annotated[list[Kind] | None, Query()] = None, limit: int = 10) -> list[Book]:
    return [book for book in books.values() if not kind or book.kind in kind][:limit]


@app.post("/books", status_code=201)
def create_book(draft: Draft) -> Book:
    book = Book(id=uuid4(), made=datetime.now(timezone.utc), **draft.model_dump())
    books[book.id] = book
    return book


@app.get("/books/{book_id}")
def get_book(book_id: UUID) -> Book:
    return found(book_id)


@app.patch("/books/{book_id}")
def change_book(book_id: UUID, change: Change) -> Book:
    books[book_id] = found(book_id).model_copy(update=change.model_dump(exclude_unset=True))
    return books[book_id]


@app.delete("/books/{book_id}", status_code=204)
def delete_book(book_id: UUID) -> None:
    del books[found(book_id).id]


@app.post("/books/{book_id}/cover")
def add_cover(book_id: UUID, file: Annotated[UploadFile, File()], note: Annotated[str, Form()] = "") -> Cover:
    return Cover(name=file.filename, size=len(file.file.read()), note=f"{found(book_id).title}: {note}")


@app.post("/login")
def log_in(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, str]:
    return {"token": f"{username} {len(password)}"}


if __name__ == "__main__":
    if sys.argv[1] == "--document":
        print(json.dumps(app.openapi()))
    else:
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

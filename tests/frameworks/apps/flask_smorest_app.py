"""A shop of books in flask-smorest: `--document` prints what it exports, a number is the port to serve on."""

import json
import sys
from datetime import datetime, timezone
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

from flask import Flask
from flask_smorest import Api, Blueprint, abort
from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

app = Flask(__name__)
app.config.update(API_TITLE="Books Of Smorest", API_VERSION="1", OPENAPI_VERSION="3.0.3")
api = Api(app)
blueprint = Blueprint("books", "books", url_prefix="/")
KINDS = validate.OneOf(["novel", "poem"])


class Draft(Schema):
    title = fields.String(required=True)
    kind = fields.String(validate=KINDS, load_default="novel")
    price = fields.Decimal(as_string=True, required=True)
    printed = fields.Date(allow_none=True, load_default=None)
    tags = fields.List(fields.String(), load_default=list)


class Book(Draft):
    id = fields.UUID(dump_only=True)
    made = fields.AwareDateTime(dump_only=True)


class Change(Schema):
    title = fields.String()
    price = fields.Decimal(as_string=True)


class Wanted(Schema):
    kind = fields.List(fields.String(validate=KINDS))
    limit = fields.Integer(load_default=10)


class CoverFile(Schema):
    file = Upload(required=True)


class CoverNote(Schema):
    note = fields.String(load_default="")


class Cover(Schema):
    name = fields.String()
    size = fields.Integer()
    note = fields.String()


class Login(Schema):
    username = fields.String(required=True)
    password = fields.String(required=True)


class Token(Schema):
    token = fields.String()


books = {}


def found(book_id):
    if book_id not in books:
        abort(404, message="there is no such book")
    return books[book_id]


@blueprint.route("/books", methods=["GET"])
@blueprint.arguments(Wanted, location="query")
@blueprint.response(200, Book(many=True))
def list_books(wanted):
    kinds = wanted.get("kind")
    return [book for book in books.values() if not kinds or book["kind"] in kinds][: wanted["limit"]]


@blueprint.route("/books", methods=["POST"])
@blueprint.arguments(Draft)
@blueprint.response(201, Book)
def create_book(draft):
    book = {**draft, "id": uuid4(), "made": datetime.now(timezone.utc)}
    books[book["id"]] = book
    return book


@blueprint.route("/books/<uuid:book_id>", methods=["GET"])
@blueprint.response(200, Book)
def get_book(book_id):
    return found(book_id)


@blueprint.route("/books/<uuid:book_id>", methods=["PATCH"])
@blueprint.arguments(Change)
@blueprint.response(200, Book)
def change_book(change, book_id):
    found(book_id).update(change)
    return books[book_id]


@blueprint.route("/books/<uuid:book_id>", methods=["DELETE"])
@blueprint.response(204)
def delete_book(book_id):
    del books[found(book_id)["id"]]


@blueprint.route("/books/<uuid:book_id>/cover", methods=["POST"])
@blueprint.arguments(CoverFile, location="files")
@blueprint.arguments(CoverNote, location="query")
@blueprint.response(200, Cover)
def add_cover(files, query, book_id):
    file = files["file"]
    return {"name": file.filename, "size": len(file.read()), "note": f"{found(book_id)['title']}: {query['note']}"}


@blueprint.route("/login", methods=["POST"])
@blueprint.arguments(Login, location="form")
@blueprint.response(200, Token)
def log_in(login):
    return {"token": f"{login['username']} {len(login['password'])}"}


api.register_blueprint(blueprint)


class Silent(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    if sys.argv[1] == "--document":
        with app.app_context():
            print(json.dumps(api.spec.to_dict(), default=str))
    else:
        make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=Silent).serve_forever()

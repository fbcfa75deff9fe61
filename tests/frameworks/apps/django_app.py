"""A shop of books in Django REST framework with drf-spectacular: `--document` prints what it exports, a number is the
port to serve on."""

import json
import sys
from datetime import datetime, timezone
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="x",
    USE_TZ=True,
    INSTALLED_APPS=["rest_framework", "drf_spectacular"],
    REST_FRAMEWORK={
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
    SPECTACULAR_SETTINGS={"TITLE": "Books Of Django", "VERSION": "1", "COMPONENT_SPLIT_REQUEST": True},
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from drf_spectacular.generators import SchemaGenerator  # noqa: E402
from drf_spectacular.types import OpenApiTypes  # noqa: E402
from drf_spectacular.utils import OpenApiParameter, extend_schema  # noqa: E402
from rest_framework import serializers, status  # noqa: E402
from rest_framework.decorators import action, api_view, parser_classes  # noqa: E402
from rest_framework.exceptions import NotFound  # noqa: E402
from rest_framework.parsers import FormParser, MultiPartParser  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.routers import DefaultRouter  # noqa: E402
from rest_framework.viewsets import ViewSet  # noqa: E402

KINDS = ["novel", "poem"]


class BookSerializer(serializers.Serializer):
    id = serializers.UUIDField(read_only=True)
    made = serializers.DateTimeField(read_only=True)
    title = serializers.CharField()
    kind = serializers.ChoiceField(KINDS, default="novel")
    price = serializers.DecimalField(max_digits=12, decimal_places=2)
    printed = serializers.DateField(allow_null=True, default=None)
    tags = serializers.ListField(child=serializers.CharField(), default=list)


class CoverFormSerializer(serializers.Serializer):
    file = serializers.FileField()
    note = serializers.CharField(default="", allow_blank=True)


class CoverSerializer(serializers.Serializer):
    name = serializers.CharField()
    size = serializers.IntegerField()
    note = serializers.CharField()


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField()
    password = serializers.CharField()


class TokenSerializer(serializers.Serializer):
    token = serializers.CharField()


books = {}


def found(book_id):
    if str(book_id) not in books:
        raise NotFound("there is no such book")
    return books[str(book_id)]


def checked(serializer):
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


BOOK_ID = OpenApiParameter("book_id", OpenApiTypes.UUID, OpenApiParameter.PATH)


class BookViewSet(ViewSet):
    lookup_field = "book_id"

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", OpenApiTypes.STR, enum=KINDS, many=True),
            OpenApiParameter("limit", OpenApiTypes.INT, default=10),
        ],
        responses=BookSerializer(many=True),
    )
    def list(self, request):
        kinds, limit = request.query_params.getlist("kind"), int(request.query_params.get("limit", 10))
        rows = [book for book in books.values() if not kinds or book["kind"] in kinds][:limit]
        return Response(BookSerializer(rows, many=True).data)

    @extend_schema(request=BookSerializer, responses={201: BookSerializer})
    def create(self, request):
        book = {**checked(BookSerializer(data=request.data)), "id": uuid4(), "made": datetime.now(timezone.utc)}
        books[str(book["id"])] = book
        return Response(BookSerializer(book).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[BOOK_ID], responses=BookSerializer)
    def retrieve(self, request, book_id):
        return Response(BookSerializer(found(book_id)).data)

    @extend_schema(parameters=[BOOK_ID], request=BookSerializer(partial=True), responses=BookSerializer)
    def partial_update(self, request, book_id):
        found(book_id).update(checked(BookSerializer(data=request.data, partial=True)))
        return Response(BookSerializer(found(book_id)).data)

    @extend_schema(parameters=[BOOK_ID], responses={204: None})
    def destroy(self, request, book_id):
        del books[str(found(book_id)["id"])]
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(parameters=[BOOK_ID], request=CoverFormSerializer, responses=CoverSerializer)
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def cover(self, request, book_id):
        form = checked(CoverFormSerializer(data=request.data))
        note = f"{found(book_id)['title']}: {form['note']}"
        return Response(CoverSerializer({"name": form["file"].name, "size": form["file"].size, "note": note}).data)


@extend_schema(request=LoginSerializer, responses=TokenSerializer)
@api_view(["POST"])
@parser_classes([FormParser])
def log_in(request):
    login = checked(LoginSerializer(data=request.data))
    return Response({"token": f"{login['username']} {len(login['password'])}"})


router = DefaultRouter()
router.register("books", BookViewSet, basename="book")
urlpatterns = [path("", include(router.urls)), path("login/", log_in)]


class Silent(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    if sys.argv[1] == "--document":
        print(json.dumps(SchemaGenerator(patterns=urlpatterns).get_schema(public=True), default=str))
    else:
        make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), handler_class=Silent).serve_forever()

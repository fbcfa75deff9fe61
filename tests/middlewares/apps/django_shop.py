"""The payments application on Django REST Framework: its settings, its views, and how it is started."""

import os
from collections.abc import Callable
from typing import Any

from charges import ACCOUNTS, account_of, charges_of, slowly_charge
from wired import FOLDER, POSTGRES


def configure(apps: tuple[str, ...] = (), middleware: tuple[str, ...] = (), **more: Any) -> None:
    """Set Django up, before anything else of it is imported.

    Args:
        apps: more applications.
        middleware: classes of middleware.
        more: more settings.
    """
    from django.conf import settings

    settings.configure(
        SECRET_KEY="tests only",  # noqa: S106  # of nobody
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=os.environ["APP"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", *apps],
        MIDDLEWARE=list(middleware),
        DATABASES={"default": _database()},
        USE_TZ=True,
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["django_authentication.Tokens"]},
        APPEND_SLASH=False,
        **more,
    )


def _database() -> dict[str, Any]:
    if not POSTGRES:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER}/django.db"}
    where, _, name = POSTGRES.removeprefix("postgresql://").partition("/")
    user, _, address = where.partition("@")
    host, _, port = address.partition(":")
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": user, "HOST": host, "PORT": port}


def started(view: Callable[[], Any]) -> Any:
    """Return the application and its URLs, once its tables are made and its users are in them.

    Args:
        view: makes the view, once Django is set up.
    """
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    application = get_wsgi_application()
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    for name in ACCOUNTS.values():
        User.objects.get_or_create(username=name)
    return application, [path("charges", view())]


def view_class(around: Callable[..., Any] = lambda handler: handler, *mixins: type) -> Any:
    """Return the class of the view.

    Args:
        around: a decorator of the method that charges.
        mixins: classes that come first.
    """
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Charges(*mixins, APIView):  # type: ignore[misc]
        """Charges money, and lists what was charged."""

        permission_classes = (IsAuthenticated,)

        @around
        def post(self, request: Any) -> Any:
            """Charge, slowly."""
            sent, fail = request.data, request.headers.get("X-Fail")
            return Response(slowly_charge(request.user.username, sent["amount"], sent["currency"], fail), 201)

        def get(self, request: Any) -> Any:
            """List the charges of the account."""
            return Response({"data": charges_of(request.user.username)})

    return Charges


def user_of(authorization: str | None) -> Any:
    """Return the user of an `Authorization` header; None for a stranger."""
    from django.contrib.auth.models import User

    name = account_of(authorization)
    return None if name is None else User.objects.get(username=name)

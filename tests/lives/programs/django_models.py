"""Views of Django with an SDK's models, in answers, templates, forms, rows and a cache: `django_models.py RESULT`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django
from acme_payments import AcmePayments, APIStatusError, models
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Template
from django.test import Client
from django.urls import path

client = AcmePayments()
RECEIPT = "{{ charge.amount }} {{ charge.currency }} on {{ charge.created_at|date:'Y-m-d' }}: {{ charge.status }}"


def configured() -> None:
    """Begin, with everything in memory."""
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="-",  # noqa: S106
        USE_TZ=True,
        TIME_ZONE="UTC",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


configured()

from django import forms  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import models as rows  # noqa: E402


class Payment(rows.Model):
    """A row of what was paid."""

    id = rows.CharField(max_length=40, primary_key=True)
    amount = rows.PositiveIntegerField()
    currency = rows.CharField(max_length=3, choices=[(each.value, each.name) for each in models.Currency])
    status = rows.CharField(max_length=20)
    description = rows.TextField(null=True)  # noqa: DJ001
    created_at = rows.DateTimeField()
    method = rows.JSONField()

    class Meta:
        """Where it belongs."""

        app_label = "shop"

    def __str__(self) -> str:
        """Return its name."""
        return str(self.id)


class PaymentForm(forms.ModelForm):
    """What a customer fills in."""

    class Meta:
        """Its fields."""

        model = Payment
        fields = ("amount", "currency", "description")


def pay(request: HttpRequest) -> HttpResponse:
    """Charge what a form says, and keep a row of it."""
    form = PaymentForm(request.POST)
    if not form.is_valid():
        return JsonResponse(form.errors, status=422)
    try:
        charge = client.charges.create(**form.cleaned_data)
    except APIStatusError as error:
        return JsonResponse(error.body.to_dict(), status=error.status)
    fields = {"amount", "currency", "status", "description", "created_at"}
    Payment.objects.create(
        id=charge.id, method=charge.payment_method.to_dict(), **{name: getattr(charge, name) for name in fields}
    )
    request.session["last"] = charge.to_dict()
    cache.set(charge.id, charge)
    return JsonResponse(charge.to_dict(), status=201)


def show(_request: HttpRequest, identity: str) -> HttpResponse:
    """Give the charge as it is now."""
    return JsonResponse(client.charges.get(identity).to_dict())


def listed(_request: HttpRequest) -> HttpResponse:
    """Give a list, whose items are models."""
    return JsonResponse([charge.to_dict() for charge in client.charges.list().limit(5)], safe=False)


def receipt(request: HttpRequest) -> HttpResponse:
    """Show the last charge of the session."""
    charge = models.Charge.from_dict(request.session["last"])
    return HttpResponse(Template(RECEIPT).render(Context({"charge": charge})))


urlpatterns = [
    path("pay/", pay),
    path("charges/", listed),
    path("charges/<identity>/", show),
    path("receipt/", receipt),
]


def told() -> dict[str, Any]:
    """Ask for all views, and look at the row and the cache."""
    with connection.schema_editor() as editor:
        editor.create_model(Payment)
    browser = Client()
    made = browser.post("/pay/", {"amount": 1999, "currency": "eur", "description": "Row F"})
    charge = made.json()
    row = Payment.objects.get(status=models.ChargeStatus(charge["status"]), currency=models.Currency.EUR)
    return {
        "made": [made.status_code, charge],
        "shown": browser.get(f"/charges/{charge['id']}/").json(),
        "listed": browser.get("/charges/").json(),
        "receipt": browser.get("/receipt/").content.decode(),
        "invalid": browser.post("/pay/", {"amount": 1999, "currency": "xyz"}).status_code,
        "row": [row.id, row.amount, row.currency, row.status, row.method == charge["payment_method"]],
        "moments": row.created_at == cache.get(charge["id"]).created_at,
        "cached": cache.get(charge["id"]).to_dict() == charge,
    }


if __name__ == "__main__":
    found = told()
    client.close()
    Path(sys.argv[1]).write_text(json.dumps(found), "utf-8")

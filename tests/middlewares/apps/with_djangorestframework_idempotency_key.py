"""djangorestframework-idempotency-key, as a middleware and a decorator of the view's method."""

from typing import Any

from django_shop import configure, started, view_class

configure(
    ("rest_framework_idempotency_key",),
    ("rest_framework_idempotency_key.middleware.IdempotencyKeyMiddleware",),
    IDEMPOTENCY_KEY_LOCK_TIMEOUT=60,
)


def view() -> Any:
    """Return the view; the decorator is imported once Django is set up."""
    from rest_framework_idempotency_key.decorators import simple_idempotency_key_method

    return view_class(simple_idempotency_key_method).as_view()


application, urlpatterns = started(view)

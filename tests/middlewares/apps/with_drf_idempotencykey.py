"""drf-idempotencykey, as a mixin of the view."""

from typing import Any

from django_shop import configure, started, view_class

configure(("drf_idempotencykey",))


def view() -> Any:
    """Return the view; the mixin is imported once Django is set up."""
    from drf_idempotencykey.mixins import DrfIdempotencyKeyMixin

    return view_class(lambda handler: handler, DrfIdempotencyKeyMixin).as_view()


application, urlpatterns = started(view)

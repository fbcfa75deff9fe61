"""Authenticates by the tokens of the accounts."""

from typing import Any

from django_shop import user_of
from rest_framework.authentication import BaseAuthentication


class Tokens(BaseAuthentication):
    """Knows users by their bearer tokens."""

    def authenticate(self, request: Any) -> Any:
        """Return the user of a request, or nothing."""
        user = user_of(request.headers.get("Authorization"))
        return None if user is None else (user, None)

    def authenticate_header(self, request: Any) -> str:  # noqa: ARG002  # as DRF has it
        """Return what a stranger is asked for, with 401."""
        return "Bearer"

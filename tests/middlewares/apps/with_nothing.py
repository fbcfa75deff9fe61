"""No middleware: the control that must come out broken."""

from fastapi_shop import shop

app = shop()

"""samekey reads an OpenAPI document and writes a Python client library that is safe to retry."""

__version__ = "0.1.0"

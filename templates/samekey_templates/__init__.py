"""What samekey emits: jinja templates for the client, and the runtime that is copied verbatim."""

"""What is kept of an API: databases, their tables, and resources as rows."""

"""What an API's owner does in a week, as one session: `python -m tests.week` tells it, step by step."""

"""What `python -m tests.soak_lives` runs: a server in a process of its own, lives of clients, and cancellations."""

"""What belongs to a process, an event loop or a cancelled task."""

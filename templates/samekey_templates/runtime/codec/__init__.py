"""JSON in and out, and the models that it becomes."""

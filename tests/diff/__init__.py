"""What a new SDK changes for its users, and that programs break where it is said."""

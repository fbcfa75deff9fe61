"""What samekey shows of itself."""

"""The rules of retrying, and the loop that follows them."""

"""The proof: many calls through every fault, checked on what the client was told and on what the servers did."""

"""Servers and clients that are broken on purpose, each in one place: a proof that misses one proves too little."""

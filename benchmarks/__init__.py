"""Side-by-side measurements: ratios of samekey's SDKs to bare httpx and to other SDKs, paired in one process run."""

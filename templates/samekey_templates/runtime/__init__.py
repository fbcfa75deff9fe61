"""The runtime of the SDK: the same real, typed Python in every SDK that samekey writes."""

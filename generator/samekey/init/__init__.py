"""The first config of an API: what its document has, and a commented file that says so."""

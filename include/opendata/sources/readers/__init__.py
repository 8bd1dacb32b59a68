"""One module per source format: from the bytes of a source to a typed table."""

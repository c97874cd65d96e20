"""Documents to knowledge: ingest, chunk, embed, build, promote, and the worker. Knows nothing of serving."""

"""Bytes of one format to Markdown with headings, a module per format; they run in a child process.

`pipelines.sandbox` is the way in. Nothing here opens a file, a socket or a store.
"""

"""Conversations that nobody had: a year of several sites' traffic, made up in bulk, as an export leaves it."""

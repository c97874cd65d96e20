"""Benches: our own figure against the plain alternative, alternating in one run."""

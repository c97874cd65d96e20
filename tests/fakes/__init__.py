"""Hand-written stand-ins that tests of several packages share."""

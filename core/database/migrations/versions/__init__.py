"""One module per revision, in the order of their numbers; written by hand, compared with the tables by a test."""

"""Marts that no program pays by, each on a small world with its figures worked out by hand."""

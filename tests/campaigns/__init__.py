"""Slow campaigns, each with a seed that reproduces it: `python -m campaigns.NAME`. None of them is part of `make test`."""

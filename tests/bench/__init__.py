"""What the pipeline costs, beside SQL written by hand: `make bench`. Nothing here is part of `make test`."""

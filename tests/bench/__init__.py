"""What the pipeline costs, beside SQL written by hand: `make bench`. Of this only the arithmetic is part of `make test`."""

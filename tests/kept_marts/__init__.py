"""Marts that runs keep: going on from them, day by day, leaves what making them anew leaves."""

"""The assets of the Dagster graph: each wires plain functions and says what came of them. No rule stands here."""

"""The SQL of the dbt project as plain statements, and a small world in one DuckDB process on which it runs.

Does not belong here: any expected figure; those stand with the tests that use this.
"""

"""WHEN and WHERE: the Dagster definitions, ingestion, the ledger, payouts, publication and the command line.

How much is owed is decided in ``dbt_project``; what a record looks like in ``data_contracts``.
"""

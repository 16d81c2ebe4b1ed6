"""WHAT SHAPE: the contracts of feeds, public marts, awards and postings, and the terms of programs.

Imports neither Dagster nor ``orchestration``, so that anybody may check a file against a contract without the pipeline.
"""

"""The terms of programs: typed YAML, what is refused in it, and the relations that SQL reads (RULEBOOK 2 and 5).

A new kind is a module with its ``Version`` and its ``Program``, named in ``loading`` and given columns in
``relations``. Does not belong here: what anybody earned (``dbt_project``), or any engine.
"""

from data_contracts.terms.cut_offs import PeriodTerms, period_terms
from data_contracts.terms.loading import editors_schema, load_program, load_programs
from data_contracts.terms.program import Program, version_hash
from data_contracts.terms.refusal import TermsError
from data_contracts.terms.relations import RELATIONS, relation_rows

__all__ = [
    "RELATIONS",
    "PeriodTerms",
    "Program",
    "TermsError",
    "editors_schema",
    "load_program",
    "load_programs",
    "period_terms",
    "relation_rows",
    "version_hash",
]

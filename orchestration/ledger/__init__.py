"""The ledger: what is owed and paid, append-only and in double entry (rulebook, section 3).

``ledger.Ledger`` is the door. The rule (``posting``), the chain and the accounts know neither database nor Dagster.
Does not belong here: what an award amounts to (SQL decides that) and payouts' states and files.
"""

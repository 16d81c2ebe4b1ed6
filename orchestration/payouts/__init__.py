"""Payouts: from balances that are payable to files that pay them (rulebook, section 4).

``payouts.Payouts`` is the door. The rule (``proposals``) and the files (``payment_files``) know neither database nor Dagster.
Does not belong here: what is owed (SQL decides that), and its posting (``orchestration.ledger``).
"""

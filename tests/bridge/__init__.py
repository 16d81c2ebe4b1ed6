"""Restatement bridges: what is owed on a later day is what was owed on an earlier one and what each class of news changed."""

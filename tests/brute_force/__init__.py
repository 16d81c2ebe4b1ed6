"""The rulebook once more in plain Python, slow and plain, so that the SQL has something to be compared with."""

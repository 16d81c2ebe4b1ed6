"""What happened and what is owed, in YAML that a program manager can read, and the runner that compares it with the SQL."""

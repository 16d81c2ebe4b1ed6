"""Makes this folder importable, for what several rooms of tests share (``deployment``)."""

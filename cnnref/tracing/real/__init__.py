"""A trace of a run with values, where forward asks for some: the same rules make the same rows."""

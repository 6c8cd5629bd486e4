"""A trace beside the rest of the process, which stays as it is."""

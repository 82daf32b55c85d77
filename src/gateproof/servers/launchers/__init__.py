"""Scripts that run in the interpreter of a server under test."""

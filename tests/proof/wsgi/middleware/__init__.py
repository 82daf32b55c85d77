"""Mutants and conforming variants of WSGI middleware."""

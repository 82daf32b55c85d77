"""Conformance tests for WSGI (PEP 3333) and ASGI, as a pytest plugin."""

__version__ = "2026.1.0"

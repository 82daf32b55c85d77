"""Tests of the octets."""

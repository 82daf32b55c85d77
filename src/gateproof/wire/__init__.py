"""Octets: what is sent exactly as written, and what comes back kept as it came."""

"""Part of gateproof."""

"""Framing of HTTP/1.x, judged alike for servers of both interfaces."""

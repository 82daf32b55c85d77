"""Observe one WSGI call: environ, wsgi.input, wsgi.errors, start_response, write and the iterable, for both parties."""

from gateproof.validate.wsgi.body import observe, run
from gateproof.validate.wsgi.environ import check as check_environ
from gateproof.validate.wsgi.start import check_headers, status_code

__all__ = ["check_environ", "check_headers", "observe", "run", "status_code"]

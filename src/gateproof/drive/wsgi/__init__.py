"""Plays the WSGI server in process: any server that PEP 3333 allows, for one call of an application or middleware.

served = serve(app, Request("POST", "/", body=b"x"), Manner(reads=(1,), take=0))
served.status, served.body, served.error, served.findings
"""

from gateproof.drive.wsgi.requests import Manner, Request, make_environ
from gateproof.drive.wsgi.serving import Served, serve

__all__ = ["Manner", "Request", "Served", "make_environ", "serve"]

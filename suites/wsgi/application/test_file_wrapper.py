"""PEP 3333, Optional Platform-Specific File Handling: what an application gives to wsgi.file_wrapper."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner
from gateproof.drive.wsgi.application import Application
from gateproof.drive.wsgi.streams import FileWrapper
from gateproof.judge import Judge

from .looking import judge_conduct, used, worse

ROWS = ("WSGI-FILE-013", "WSGI-FILE-014")


@requirement("WSGI-FILE-013", "WSGI-FILE-014")
def test_gives_a_file_that_reads_bytes(app: Application, judge: Judge, draw: Draw) -> None:
    """Its read() takes a size or none and returns bytes; it may be closed without being read."""
    if not used(app, judge, ROWS, "used wsgi.file_wrapper", lambda served: served.wrapped, lacks="file_wrapper"):
        return
    judge_conduct(app, judge, draw, "WSGI-FILE-013")
    for place in app.places:
        read, unread = (app.get(place, Manner(file_wrapper=True, transmit=transmit)) for transmit in (True, False))
        if not isinstance(read.result, FileWrapper):
            continue
        app.look_at(read, unread)
        strange = [item for item in read.items if not isinstance(item, bytes)]
        judge("WSGI-FILE-013", not strange and read.error is None, "bytes", strange[:1] or read.outcome)
        after = app.get(place, Manner(file_wrapper=True))
        file = getattr(unread.result, "file", None)
        open_still = hasattr(file, "close") and getattr(file, "closed", True) is False
        ok = unread.close_error is None and not open_still and not worse(after, read)
        judge("WSGI-FILE-014", ok, "an unread file that is closed", repr(unread.close_error or after.outcome))
    judge.unsupported_rest("the application never returns a wrapped file as it is", lacks="file_wrapper")

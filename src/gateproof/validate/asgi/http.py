"""One http call."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from gateproof.validate.asgi import extensions, fields, scope, tables
from gateproof.validate.asgi.call import LOOK_UP, Call, Event
from gateproof.validate.asgi.tables import HTTP_END, HTTP_RECEIVE, HTTP_SEND, HTTP_WRONG, NEW

START_ROWS = fields.Rows(
    "ASGI-HTTP-RESP-008", "ASGI-HTTP-RESP-009", "ASGI-HTTP-RESP-010", "ASGI-EVENT-020", "ASGI-HTTP-RESP-062"
)
START_KEYS = ("type", "status", "headers", "trailers")
BODY_KEYS = ("type", "body", "more_body")
PLAIN_STARTS = frozenset([("type", "status", "headers"), ("type", "status"), ("type", "headers", "status")])
PLAIN_BODIES = frozenset([("type", "body"), ("type", "body", "more_body"), ("type",), ("type", "more_body", "body")])
NO_LENGTH = -1
BODILESS = (204, 304)
WATCHED = frozenset([204, 206, 304, 405])  # statuses that ask something of the fields or of the body
FRAMED = 65_536  # octets of a body that may be chunks of a transfer coding
chunk = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*(?:;[^\r\n]*)?\r\n").match


class HTTPCall(Call):
    """State of one http call."""

    __slots__ = ("facts", "files", "framed", "length", "span", "status", "total", "watched")
    unknown_event = "ASGI-ERR-001"

    def begin(self) -> None:
        """Begin with nothing sent."""
        self.state = tables.FRESH
        self.status = 0
        self.length = NO_LENGTH
        self.facts = fields.NONE
        self.total = 0
        self.watched = False
        self.files: tuple[Any, ...] = ()

    def check_scope(self, scope_: Any) -> str:
        """Judge the scope."""
        return scope.check_http(scope_, self.say, self.inform)

    # From the server

    def _request(self, event: Event) -> None:
        if tuple(event) not in PLAIN_BODIES:
            self.walk_received(event, BODY_KEYS)
        if type(event.get("body", b"")) is not bytes and not isinstance(event["body"], bytes):
            self.say("ASGI-HTTP-REQ-003", "body of http.request is not bytes", "bytes", event["body"])
        more = event.get("more_body", False)
        if more is not True and more is not False:
            self.say("ASGI-EVENT-017", "more_body is not bool", "True or False", more)
        self._inbound("request+more" if more else "request")

    def _disconnect(self, event: Event) -> None:
        self.gone = True
        if len(event) > 1:
            self.walk_received(event, ("type",))
            self.say("ASGI-HTTP-DISC-006", "http.disconnect has further keys", "type alone", sorted(map(str, event)))
        if event is self._last:
            self.say("ASGI-APP-020", "the same dict was given twice", "a new dict", event)
        self._last = event
        self._inbound("disconnect")

    def _inbound(self, name: str) -> None:
        state = HTTP_RECEIVE[self.inbound_state].get(name)
        if state is None:
            wrong = tables.HTTP_RECEIVE_WRONG[self.inbound_state, name]
            self.say(wrong.requirement, f"http.request {wrong.message}", "http.disconnect", name)
            state = wrong.state
        self.inbound_state = state

    def unknown_received(self, kind: str) -> None:
        """Judge an unknown event; one of an unknown extension may be legal."""
        if self.knows_all_extensions():
            self.say("ASGI-HTTP-REQ-002", "an event has an unknown type", "http.request or http.disconnect", kind)

    inbound: ClassVar[dict[str, Any]] = {"http.request": _request, "http.disconnect": _disconnect}

    # From the application

    def step(self, name: str, event: Event) -> None:
        """Go on in the table."""
        state = HTTP_SEND[self.state].get(name)
        if state is None:
            wrong = HTTP_WRONG[self.state, name]
            self.wrong(wrong.requirement, f"{event['type']} {wrong.message}", f"what may follow {self.state}", event)
            if wrong.requirement in ("ASGI-HTTP-RESP-001", "ASGI-HTTP-RESP-002"):
                self.faults = [*(self.faults or ()), "ASGI-ERR-026"]
            state = wrong.state
        if self.inform and self.gone and self.state not in tables.ENDED:
            self.say("ASGI-HTTP-DISC-015", "the application sends after http.disconnect", "an end", event)
        self.state = state

    def _start(self, event: Event) -> None:
        if tuple(event) not in PLAIN_STARTS:
            self.walk_sent(event, START_KEYS)
        status = event.get("status")
        if type(status) is not int or not 200 <= status <= 599:
            self._judge_status(event, status)
        headers = event.get("headers", ())
        if headers != ():
            self.facts = facts = fields.check(headers, START_ROWS, self._field_wrong, "ASGI-ERR-006")
            length = facts[0]
            if length is not None and length.isdigit():
                self.length = int(length)
            if facts[5] is not None:
                self.wrong("ASGI-HTTP-RESP-073", "a field that holds one value is there again", "once", facts[5])
        self.status = status if isinstance(status, int) else 0
        if self.status in WATCHED:
            self._watch()
            self._look_at(headers)
        name = "start"
        if "trailers" in event and self.check_flag(event, "trailers") and self.advertised("http.response.trailers"):
            name = "start+trailers"
        if self.inform and self.inbound_state == NEW and not self.misled:
            self.say("ASGI-HTTP-REQ-013", "the response starts before http.request was received", "receive()", event)
        fresh = self.state in (tables.FRESH, tables.DEBUGGED)
        if not fresh:
            self.unmeasured()  # whatever it says, it is not the start that counts
        self.step(name, event)

    def _watch(self) -> None:
        """Begin to look at the body."""
        self.watched = True
        self.span = NO_LENGTH  # what Content-Range says of the length
        self.framed: bytearray | None = None  # the body so far, where it may be made of chunks

    def _look_at(self, headers: Any) -> None:
        """Judge what the status asks of the fields."""
        if self.status == 204:
            if self.facts[0] is not None:
                self.wrong("ASGI-HTTP-RESP-060", "a 204 response has a content-length", "none", self.facts[0])
            return
        named = fields.by_name(headers)
        if named is None:
            return
        if self.status == 405 and b"allow" not in named:
            self.wrong("ASGI-HTTP-RESP-070", "a 405 response does not say what is allowed", "allow", sorted(named))
        if self.status == 206:
            from gateproof.wire.http1 import part_length

            self.span = part_length(named.get(b"content-range", b"")) or NO_LENGTH

    def unmeasured(self) -> None:
        """Forget what was announced: what follows is not ours to measure."""
        self.length = self.span = NO_LENGTH

    def _field_wrong(self, row: str, message: str, expected: object, seen: object, refusal: str = "") -> None:
        if row == "ASGI-HTTP-RESP-009" and self.scope.get("http_version") in ("2", "3"):
            # Illegal on the wire there.
            self.say(row, message, expected, seen, "fail")
            return
        refusal = "ASGI-HTTP-RESP-040" if row == "ASGI-HTTP-RESP-010" else refusal
        self.wrong(row, message, expected, seen, refusal)

    def _judge_status(self, event: Event, status: object) -> None:
        if "status" not in event:
            self.wrong("ASGI-HTTP-RESP-006", "status is missing", "int", "no such key", "ASGI-ERR-005")
        elif not isinstance(status, int):
            self.wrong("ASGI-HTTP-RESP-006", "status is not int", "int", status, "ASGI-ERR-007")
        elif not 200 <= status <= 599:
            self.wrong("ASGI-HTTP-RESP-007", "status is no final status code", "200..599", status)

    def _body(self, event: Event) -> None:
        if tuple(event) not in PLAIN_BODIES:
            self.walk_sent(event, BODY_KEYS)
        body = event.get("body", b"")
        if type(body) is not bytes and not isinstance(body, bytes):
            self._judge_body(body)
        more = event.get("more_body", False)
        if more is not True and more is not False:
            more = self.check_flag(event, "more_body")
        state = self.state
        self.step("body+more" if more else "body", event)
        if state in tables.BEGUN:
            if body and isinstance(body, (bytes, bytearray)):
                self.total += len(body)
                if body[-1] == 10 and self.total == len(body) and chunk(body):
                    self._watch_framing()
            if self.watched:
                self._check_body(body, more)
            if self.length != NO_LENGTH and (not more or self.total > self.length):
                self._check_length(event)
            if self.inform and self.total and not more and (self.status in BODILESS or self._is_head()):
                self.say("ASGI-HTTP-RESP-037", "a body is sent where none may be", "no body", f"{self.total} bytes")

    def _watch_framing(self) -> None:
        """Keep what follows of a body that begins as chunks do."""
        if not self.watched:
            self._watch()
        self.framed = bytearray()

    def _check_body(self, body: Any, more: bool) -> None:
        """Judge what the status asks of the body, and whether it is made of chunks."""
        if self.framed is not None and isinstance(body, (bytes, bytearray)):
            self._check_framing(body, more)
        if self.status in BODILESS:
            if self.total:
                words = f"a {self.status} response has a body"
                self.wrong("ASGI-HTTP-RESP-061", words, "no body", f"{self.total} bytes")
        elif not more and self.span not in (NO_LENGTH, self.total) and not self._is_head() and not self.gone:
            words = "the body has not the length that Content-Range says"
            self.wrong("ASGI-HTTP-RESP-065", words, self.span, f"{self.total} bytes")

    def _check_framing(self, body: bytes | bytearray, more: bool) -> None:
        from gateproof.wire.request import looks_chunked

        assert self.framed is not None
        self.framed += body
        if len(self.framed) > FRAMED:
            self.framed = None
        elif not more and looks_chunked(bytes(self.framed)):
            words = "the body is made of chunks of a transfer coding"
            self.wrong("ASGI-HTTP-RESP-063", words, "the content alone", bytes(self.framed[:60]))

    def _is_head(self) -> bool:
        return bool(self.scope.get("method") == "HEAD")

    def _judge_body(self, body: object) -> None:
        if isinstance(body, (bytearray, memoryview)):
            if isinstance(body, memoryview):
                self.unmeasured()
            self.wrong("ASGI-EVENT-020", "body is a buffer", "bytes", type(body))
        else:
            self.unmeasured()
            taken = "ASGI-ERR-008" if isinstance(body, str) and body else "ASGI-ERR-033"
            self.wrong("ASGI-EVENT-016", "body is not bytes", "bytes", body, taken)

    def _check_length(self, event: Event) -> None:
        if self.gone:
            return  # who was told that nobody listens may end where it is
        if self.total != self.length and self.status not in BODILESS and not self._is_head():
            words = f"{self.total} bytes"
            self.wrong("ASGI-HTTP-RESP-036", "the body has not the length that was announced", self.length, words)

    outbound: ClassVar[dict[str, Any]] = {
        "http.response.start": _start,
        "http.response.body": _body,
        **extensions.HTTP,
    }

    # What the server does with it

    def raised_when_gone(self, error: Exception) -> None:
        """Judge an exception that is no OSError on a closed connection."""
        if self.state not in tables.ENDED:
            self.say("ASGI-HTTP-DISC-010", "send() on a closed connection raised", "a return or an OSError", error)

    def raised_for(self, event: Event, faults: list[str], error: Exception) -> None:
        """Judge a refusal: of what comes too late, or of an event whose keys were left to their defaults."""
        if "ASGI-HTTP-RESP-005" in faults:
            self.say("ASGI-HTTP-RESP-030", "send() after completion raised", "to be ignored", error)
        if faults or not isinstance(event, dict):
            return
        kind = event["type"]
        if kind in extensions.NAMES:
            self.say("ASGI-EXT-002", f"{kind} is advertised and refused", "to work", error)
        elif isinstance(error, LOOK_UP):
            if kind == "http.response.start" and "headers" not in event:
                self.say("ASGI-HTTP-RESP-015", "a start without headers is refused", "an empty list", error)
            elif kind == "http.response.body" and "body" not in event:
                self.say("ASGI-HTTP-RESP-023", "a body event without body is refused", "b''", error)
            elif kind == "http.response.body" and "more_body" not in event:
                self.say("ASGI-HTTP-RESP-024", "a body event without more_body is refused", "False", error)

    # The end

    def ended(self) -> None:
        """Judge what the response lacks."""
        end = HTTP_END.get(self.state)
        if end is not None:
            self.say(end[0], end[1], "a complete response", self.state)

    def returned(self, result: object) -> None:
        """Judge a normal return, and the files that were handed over."""
        super().returned(result)
        for file in self.files:
            if getattr(file, "closed", True) is False and self.stopped is None:
                self.say("ASGI-EXT-026", "the file given to zerocopysend is still open", "close()", file)

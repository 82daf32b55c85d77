"""One websocket call, with the denial response where it is advertised."""

from __future__ import annotations

from typing import Any, ClassVar

from gateproof.validate.asgi import fields, scope, tables
from gateproof.validate.asgi.call import LOOK_UP, Call, Event, of_the_server
from gateproof.validate.asgi.tables import CONNECTED, CONNECTING, NEW, OPEN

ACCEPT_ROWS = fields.Rows("ASGI-WS-014", "ASGI-WS-084", "ASGI-WS-014", "ASGI-EVENT-020")
DENIAL_ROWS = fields.Rows("ASGI-EXT-076", "ASGI-WS-084", "ASGI-EXT-076", "ASGI-EVENT-020")
ACCEPT_KEYS = ("type", "subprotocol", "headers")
MESSAGE_KEYS = ("type", "text", "bytes")
CLOSE_KEYS = ("type", "code", "reason")
PLAIN_MESSAGES = frozenset([("type", "text"), ("type", "bytes"), ("type", "bytes", "text"), ("type", "text", "bytes")])
SHUT = (tables.CLOSED, tables.REFUSED)


class WebSocketCall(Call):
    """State of one websocket call."""

    __slots__ = ("unasked",)
    unknown_event = "ASGI-ERR-002"

    def begin(self) -> None:
        """Begin with the handshake."""
        self.state = CONNECTING
        self.unasked = False  # a denial was sent that was not advertised

    def check_scope(self, scope_: Any) -> str:
        """Judge the scope."""
        return scope.check_websocket(scope_, self.say)

    # From the server

    def _connect(self, event: Event) -> None:
        if len(event) > 1:
            self.walk_received(event, ("type",))
        self._inbound("connect")

    def _receive_message(self, event: Event) -> None:
        if tuple(event) not in PLAIN_MESSAGES:
            self.walk_received(event, MESSAGE_KEYS)
        text, data = event.get("text"), event.get("bytes")
        if (text is None) is (data is None):
            self.say("ASGI-WS-022", "not exactly one of bytes and text is given", "one of them", event)
        elif not isinstance(text, (str, type(None))):
            self.say("ASGI-EVENT-015", "text is not str", "str", text)
        elif not isinstance(data, (bytes, type(None))):
            self.say("ASGI-EVENT-015", "bytes is not bytes", "bytes", data)
        self._inbound("receive")

    def _disconnect(self, event: Event) -> None:
        self.gone = True
        if event.keys() - {"type", "code", "reason"}:
            self.walk_received(event, CLOSE_KEYS)
        code = event.get("code")
        if not isinstance(code, int):
            self.say("ASGI-WS-053", "code of websocket.disconnect is no int", "int", event.get("code", "missing"))
        elif not -(2**63) <= code < 2**63:
            self.say("ASGI-EVENT-005", "an integer does not fit 64 bits", "-2**63 .. 2**63-1", code)
        if self.version >= "2.5" and not isinstance(event.get("reason"), (str, type(None))):
            self.say("ASGI-WS-056", "reason of websocket.disconnect is no str", "str or None", event["reason"])
        if event is self._last:
            self.say("ASGI-APP-020", "the same dict was given twice", "a new dict", event)
        self._last = event
        self._inbound("disconnect")

    def _inbound(self, name: str) -> None:
        state = tables.WEBSOCKET_RECEIVE[self.inbound_state].get(name)
        if state is None:
            wrong = tables.WEBSOCKET_RECEIVE_WRONG[self.inbound_state, name]
            expected = f"what may follow {self.inbound_state}"
            self.say(wrong.requirement, f"websocket.{name} {wrong.message}", expected, name)
            state = wrong.state
        self.inbound_state = state

    inbound: ClassVar[dict[str, Any]] = {
        "websocket.connect": _connect,
        "websocket.receive": _receive_message,
        "websocket.disconnect": _disconnect,
    }

    # From the application

    def _step(self, name: str, event: Event) -> None:
        state = tables.WEBSOCKET_SEND[self.state].get(name)
        if state is None:
            wrong = tables.WEBSOCKET_WRONG[self.state, name]
            refusal = "ASGI-EXT-074" if self.state in (tables.DENYING, tables.DENIED) else ""
            if wrong.requirement in ("ASGI-WS-017", "ASGI-WS-036"):
                refusal = "ASGI-ERR-026"
            expected = f"what may follow {self.state}"
            self.wrong(wrong.requirement, f"{event['type']} {wrong.message}", expected, event, refusal)
            state = wrong.state
        if self.inform and self.gone and name in ("send", "accept"):
            self.say("ASGI-WS-091", "the application sends after websocket.disconnect", "an end", event)
        self.state = state

    def _accept(self, event: Event) -> None:
        self.walk_sent(event, ACCEPT_KEYS)
        subprotocol = event.get("subprotocol")
        if subprotocol is not None:
            self._check_subprotocol(subprotocol)
        headers = event.get("headers", ())
        if headers != ():
            facts = fields.check(headers, ACCEPT_ROWS, self.wrong, "ASGI-ERR-010")
            if facts[3]:
                row, why = "ASGI-WS-015", "sec-websocket-protocol is among the headers"
                self.wrong(row, why, "the subprotocol key", headers, "ASGI-WS-016")
            if headers and self.version < "2.1":
                self.wrong("ASGI-APP-015", "headers are newer than the declared version", "no headers", self.version)
        if self.state == CONNECTING and self.inbound_state in (NEW, CONNECTED):
            # The server may deliver as soon as it has seen the event, which can be before send() returns.
            self.inbound_state = OPEN if self.inbound_state == CONNECTED else NEW
        self._step("accept", event)

    def _check_subprotocol(self, subprotocol: object) -> None:
        offered = self.scope.get("subprotocols", ())
        if not isinstance(subprotocol, str):
            self.wrong("ASGI-EVENT-016", "subprotocol is not str", "str or None", subprotocol, "ASGI-ERR-010")
        elif isinstance(offered, (list, tuple)) and subprotocol not in offered:
            row, why = "ASGI-WS-018", "the subprotocol was not offered"
            self.wrong(row, why, f"one of {list(offered)}", subprotocol, "ASGI-WS-012")

    def _message(self, event: Event) -> None:
        if tuple(event) not in PLAIN_MESSAGES:
            self.walk_sent(event, MESSAGE_KEYS)
        text, data = event.get("text"), event.get("bytes")
        if (text is None) is (data is None):
            row, why = "ASGI-WS-035", "not exactly one of bytes and text is given"
            self.wrong(row, why, "one of them", event, "ASGI-ERR-035" if text is None else "ASGI-ERR-034")
        elif isinstance(data, (bytearray, memoryview)):
            self.wrong("ASGI-EVENT-020", "bytes is a buffer", "bytes", type(data))
        elif not isinstance(text, (str, type(None))) or not isinstance(data, (bytes, type(None))):
            row, why = "ASGI-WS-035", "text or bytes has the wrong type"
            self.wrong(row, why, "str in text, bytes in bytes", event, "ASGI-ERR-009")
        self._step("send", event)

    def _close(self, event: Event) -> None:
        self.walk_sent(event, CLOSE_KEYS)
        code, reason = event.get("code", 1000), event.get("reason")
        if not isinstance(code, int):
            self.wrong("ASGI-WS-045", "code is not int", "int", code, "ASGI-ERR-036")
        elif not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
            self.wrong("ASGI-WS-086", "code is none that a peer may send", "1000-1003, 1007-1014, 3000-4999", code)
        if reason is not None and not isinstance(reason, str):
            self.wrong("ASGI-WS-046", "reason is not str", "str or None", reason, "ASGI-ERR-036")
        self._step("close", event)

    # The denial response

    def _offered(self, event: Event) -> bool:
        if self.advertised("websocket.http.response"):
            return True
        kind = event["type"]
        self.unasked = True
        self.wrong("ASGI-EXT-004", f"{kind} is sent although it is not advertised", "none", event, "ASGI-EXT-003")
        return False

    def _denial(self, event: Event) -> None:
        if not self._offered(event):
            return
        self.walk_sent(event, ("type", "status", "headers", "trailers"))
        if not isinstance(event.get("status"), int):
            self.wrong("ASGI-EXT-076", "status is not int", "int", event.get("status", "missing"))
        fields.check(event.get("headers", ()), DENIAL_ROWS, self.wrong)
        if event.get("trailers"):
            self.wrong("ASGI-EXT-077", "trailers are announced in a denial", "no extension in it", event)
        if self.inbound_state == NEW:
            row, why = "ASGI-EXT-075", "a denial begins before websocket.connect"
            self.wrong(row, why, "receive() first", event)
        self._step("denial", event)

    def _denial_body(self, event: Event) -> None:
        if not self._offered(event):
            return
        self.walk_sent(event, ("type", "body", "more_body"))
        body = event.get("body", b"")
        if isinstance(body, (bytearray, memoryview)):
            self.wrong("ASGI-EVENT-020", "body is a buffer", "bytes", type(body))
        elif not isinstance(body, bytes):
            self.wrong("ASGI-EXT-076", "body is not bytes", "bytes", body)
        self._step("denial body+more" if self.check_flag(event, "more_body") else "denial body", event)

    def unknown_sent(self, kind: str) -> None:
        """Judge an unknown event; http's extensions have no place in a denial."""
        denying = self.state in (tables.DENYING, tables.DENIED)
        if denying and "http.response." in kind:
            self.wrong("ASGI-EXT-077", f"{kind} is sent in a denial", "no extension in it", kind, self.unknown_event)
        else:
            super().unknown_sent(kind)

    outbound: ClassVar[dict[str, Any]] = {
        "websocket.accept": _accept,
        "websocket.send": _message,
        "websocket.close": _close,
        "websocket.http.response.start": _denial,
        "websocket.http.response.body": _denial_body,
    }

    # What the server does with it

    def raised_when_gone(self, error: Exception) -> None:
        """Judge an exception that is no OSError on a closed connection."""
        if self.state not in SHUT:
            self.say("ASGI-WS-071", "send() after the client left raised", "a return or an OSError", error)

    def raised_for(self, event: Event, faults: list[str], error: Exception) -> None:
        """Judge a refusal: after the own close, or of an event whose keys were left to their defaults."""
        if self.state in SHUT:
            self.say("ASGI-WS-047", "send() after the own close raised", "nothing but OSError", error)
        if faults or not isinstance(event, dict) or not isinstance(error, LOOK_UP):
            return
        kind = event["type"]
        if kind == "websocket.accept" and len(event) < 3:
            self.say("ASGI-WS-089", "an accept that leaves keys out is refused", "the defaults", error)
        elif kind.startswith("websocket.http.response."):
            self.say("ASGI-EXT-072", "a denial event that leaves keys out is refused", "the defaults", error)

    # The end

    def raised(self, error: BaseException) -> None:
        """Judge an exception that left the handshake unanswered; one of the server's own comes this way too."""
        waiting = self.state == CONNECTING and self.inbound_state == CONNECTED
        excused = self.gone or self.refused or self.misled or self.unasked or self.stopped is not None
        if waiting and not excused and isinstance(error, Exception) and not of_the_server(error):
            self.say("ASGI-WS-100", "an exception left the handshake unanswered", "an answer", error)

    def ended(self) -> None:
        """Judge a call that left the handshake unanswered; a denial that nobody asked for was told of before."""
        if self.unasked:
            return
        if self.inbound_state == NEW and self.state == CONNECTING:
            # It did not even look: to this application the scope type is an unknown one.
            self.say(
                "ASGI-ERR-016", "the application returned from a scope that it does not serve", "a raise", "return"
            )
            return
        end = tables.WEBSOCKET_END.get(self.state)
        if end is not None:
            self.say(end[0], end[1], "accept, close or a denial", self.state)

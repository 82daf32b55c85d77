"""The gates of requirements: the optional features on which rows hang.

A row with a gate leaves the denominator of a certificate only through it, and only where an exchange shows that the
target lacks the feature: on the wire, in the environ or scope. Having no launch with it makes the row `unsupported` in
a run, but is a mere declaration to a certificate: it denies the level. A row without a gate never leaves.
"""

from __future__ import annotations

import re

GATES = {
    "chunked-requests": "decodes chunked request bodies; lacking: answers them 411 or 501, or answers as HTTP/1.0",
    "chunked-responses": "sends chunked responses; lacking: every response has a length or ends the connection",
    "http/1.1": "answers as HTTP/1.1; lacking: its status lines say HTTP/1.0",
    "http/2": "speaks HTTP/2; lacking: neither ALPN nor prior knowledge gives h2",
    "mount": "serves an application under a prefix; lacking: no launch has one",
    "tls": "serves TLS; lacking: no launch does",
    "unix": "listens on a unix socket; lacking: no launch does",
    "multithread": "runs calls in parallel; lacking: no calls overlap",
    "file_wrapper": "supplies wsgi.file_wrapper; lacking: environ has no such key",
    "input_terminated": "says that wsgi.input ends by itself; lacking: environ has no such key, or it is not true",
    "os_environ": "copies the operating system's variables into environ; lacking: environ does not hold them",
    "raw_path": "gives raw_path; lacking: the scope has no such key, or None",
    "websocket": "speaks WebSocket; lacking: a handshake is answered as an ordinary request or refused",
    "message-limit": "takes a limit for the messages of a WebSocket; lacking: no launch has one",
    "lifespan": "runs the lifespan protocol; lacking: no lifespan scope comes",
    "lifespan.state": "gives state; lacking: the lifespan scope has no such key",
    "legacy": "runs double-callable applications; lacking: they are not called",
    "wsgi-adapter": "is an adapter from WSGI; lacking: it is an application of its own",
    "asgi-adapter": "is an adapter from ASGI; lacking: it is an application of its own",
    "extension:tls": "advertises the tls extension on TLS connections; lacking: extensions has no such key",
    "extension:websocket.http.response": "advertises denial responses; lacking: extensions has no such key",
    "extension:http.response.push": "advertises server push; lacking: extensions has no such key",
    "extension:http.response.zerocopysend": "advertises zero copy send; lacking: extensions has no such key",
    "extension:http.response.pathsend": "advertises path send; lacking: extensions has no such key",
    "extension:http.response.early_hint": "advertises early hints; lacking: extensions has no such key",
    "extension:http.response.trailers": "advertises trailers; lacking: extensions has no such key",
    "extension:http.response.debug": "advertises debug information; lacking: extensions has no such key",
}

# What a check says where it saw that the target lacks the feature. Whatever else a check gives as a reason, such as
# that the occasion of a requirement never came, speaks of no gate: the row was not executed.
_LACKING = {
    "chunked-requests": r"a? ?chunked requests? (is|are) refused|answers as HTTP/1\.0",
    "chunked-responses": r"no response in chunked coding was seen|answers as HTTP/1\.0",
    "http/1.1": r"answers as HTTP/1\.0",
    "http/2": r"neither prior knowledge nor ALPN gives HTTP/2",
    "file_wrapper": r"supplies no wsgi\.file_wrapper|never used wsgi\.file_wrapper|never returns a wrapped file",
    "input_terminated": r"wsgi\.input_terminated is not true",
    "os_environ": r"does not copy variables of the operating system",
    "websocket": r"handshake is not answered with 101|no handshake (was answered with 101|is accepted)",
    "lifespan": r"no lifespan",
    "lifespan.state": r"the lifespan scope has no state",
    "legacy": r"applications of ASGI 2 are called with three arguments",
    "wsgi-adapter": r"no adapter from WSGI",
    "asgi-adapter": r"no adapter from ASGI",
    "extension:http.response.push": r"it pushes nothing",
    "extension:http.response.zerocopysend": r"it does not use zero copy send",
    "extension:http.response.pathsend": r"it does not use path send",
    "extension:http.response.early_hint": r"it sends no early hints",
    "extension:http.response.trailers": r"it sends no trailers",
    "extension:http.response.debug": r"it sends no debug information",
    "extension:websocket.http.response": r"it denies no handshake by a response",
}
_EXTENSION = r"(extensions has no key|does not advertise) {0}\b|\b{0} is not in the scope's extensions"
_DECLARED = re.compile(r"from version (\d+)\.(\d+) on; the server declares (\d+)\.(\d+)")
# What has no place where another feature is lacking.
_WITHIN = {
    "extension:http.response.push": "http/2",
    "extension:websocket.http.response": "websocket",
    "lifespan.state": "lifespan",
    "message-limit": "websocket",
}


def lacks(gate: str, reason: str) -> bool:
    """Tell whether a check that gives this reason saw that the feature of a gate is lacking.

    A gate is one of `GATES`, or `spec_version 2.4`: the version from which on a row binds.
    """
    kind, _, version = gate.partition(" ")
    if kind == "spec_version":
        said = _DECLARED.search(reason)
        declared = (int(said[3]), int(said[4])) if said else None
        major, _, minor = version.partition(".")
        return declared is not None and declared < (int(major), int(minor))
    words = [_LACKING[gate]] if gate in _LACKING else []
    if gate.startswith("extension:"):
        words.append(_EXTENSION.format(re.escape(gate.removeprefix("extension:"))))
    return any(re.search(each, reason) for each in words) or (gate in _WITHIN and lacks(_WITHIN[gate], reason))

"""The gates of requirements: the optional features on which rows hang.

A row with a gate leaves the denominator of a certificate only through it, and only where an exchange shows that the
target lacks the feature: on the wire, in the environ or scope. The check that saw that names the feature (`lacks` of
`Judge.unsupported`); whatever else makes a check unsupported, such as that the occasion of a requirement never came,
names none: the row was not executed. Having no launch with it makes the row `unsupported` in a run, but is a mere
declaration to a certificate: it denies the level. A row without a gate never leaves.
"""

from __future__ import annotations

GATES = {
    "chunked-requests": "decodes chunked request bodies; lacking: answers them 411 or 501, or answers as HTTP/1.0",
    "chunked-responses": "sends chunked responses; lacking: every response has a length or ends the connection",
    "http/1.1": "answers as HTTP/1.1; lacking: its status lines say HTTP/1.0",
    "keep-alive": "serves several requests on a connection; lacking: it ends behind an ordinary answer",
    "http/2": "speaks HTTP/2; lacking: neither ALPN nor prior knowledge gives h2",
    "mount": "serves an application under a prefix; lacking: no launch has one",
    "tls": "serves TLS; lacking: no launch does, and a TLS connection that a client begins is none to the server",
    "unix": "listens on a unix socket; lacking: no launch does",
    "processes": "serves from several processes; lacking: no launch does, and wsgi.multiprocess is false",
    "multithread": "runs calls in parallel; lacking: no calls overlap, and wsgi.multithread is false",
    "file_wrapper": "supplies wsgi.file_wrapper, or returns what it made; lacking: no such key, or no call does",
    "input_terminated": "says that wsgi.input ends by itself; lacking: environ has no such key, or it is not true",
    "os_environ": "copies the operating system's variables into environ; lacking: environ does not hold them",
    "input": "reads the body of a request before it answers; lacking: no call does",
    "write": "calls what start_response returns; lacking: no call does",
    "exc_info": "gives exc_info to the start_response of the server; lacking: no call does",
    "server-callables": "calls write() or wsgi.file_wrapper; lacking: no call does",
    "ranges": "answers ranges by parts; lacking: no range is answered by 206",
    "transparent": "gives the answer of the application within; lacking: it makes one of its own",
    "passing-on": "gives a response part by part; lacking: nothing comes out before the end",
    "dispatcher": "moves segments of the path to SCRIPT_NAME; lacking: none are moved",
    "endless": "has responses without end; lacking: each of its responses ends by itself",
    "raw_path": "gives raw_path; lacking: the scope has no such key, or None",
    "websocket": "speaks WebSocket; lacking: a handshake is answered as an ordinary request or refused",
    "websocket.send": "sends messages; lacking: no conversation has one of its own",
    "websocket.close": "closes WebSockets; lacking: no conversation is closed by it",
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

VERSIONED = "spec_version "  # of a row that binds from a version of the interface's specification on
# What has no place where another feature is lacking.
_WITHIN = {
    "chunked-requests": "http/1.1",
    "chunked-responses": "http/1.1",
    "extension:http.response.push": "http/2",
    "extension:tls": "tls",
    "extension:websocket.http.response": "websocket",
    "lifespan.state": "lifespan",
    "message-limit": "websocket",
    "websocket.close": "websocket",
    "websocket.send": "websocket",
}


def known(feature: str) -> bool:
    """Tell whether a check may say that a target lacks this: it is one of `GATES`, or `spec_version 2.4`."""
    return feature in GATES or feature.startswith(VERSIONED)


def closed(gate: str, lacks: str) -> bool:
    """Tell whether the feature of a gate is away where a check saw that the target lacks this one."""
    return bool(lacks) and (gate == lacks or (gate in _WITHIN and closed(_WITHIN[gate], lacks)))

"""Mutants of the call, the environ, the URL and the text: each overrides one seam of the reference server."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from gateproof.reference.requests import Grammar, Request
from gateproof.reference.wsgi import Environ, Server

from ..harness import IPV6
from ..registry import mutant


def edit(environ: Environ, **changes: Any) -> Environ:
    """Return an environ with changes; a change to None deletes."""
    for key, value in changes.items():
        if value is None:
            environ.pop(key, None)
        else:
            environ[key] = value
    return environ


class Edited(Server):
    """A server whose environ is edited at the end."""

    def environ(self, request: Request, connection: Any, peer: Any) -> Environ:
        """Make it, then spoil it."""
        return self.spoil(super().environ(request, connection, peer), request)

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return environ


# -- CALL


@mutant("WSGI-CALL-001", also=["WSGI-CALL-003"])
class KeywordCall(Server):
    """Calls the application by keyword."""

    def call(self, environ: Environ, answer: Any) -> Any:
        """The fault."""
        return self.application(environ=environ, start_response=answer.start_response)


@mutant("WSGI-CALL-002", also=["WSGI-CALL-003"])
class FunctionsOnly(Server):
    """Takes plain functions and instances with a dict, and refuses other callables."""

    def call(self, environ: Environ, answer: Any) -> Any:
        """The fault."""
        if isinstance(self.application, type) or not hasattr(self.application, "__dict__"):
            raise TypeError("not a function")
        return self.application(environ, answer.start_response)


@mutant("WSGI-CALL-003")
class LooksAtTheApplication(Server):
    """Reads the application's name."""

    def call(self, environ: Environ, answer: Any) -> Any:
        """The fault."""
        getattr(self.application, "__name__", None)
        return self.application(environ, answer.start_response)


@mutant("WSGI-CALL-004")
class CallsAgain(Server):
    """Tries again when the application raises."""

    def call(self, environ: Environ, answer: Any) -> Any:
        """The fault."""
        try:
            return self.application(environ, answer.start_response)
        except ValueError:
            return self.application(environ, answer.start_response)


# -- ENV


@mutant("WSGI-ENV-001")
class OrderedEnviron(Edited):
    """environ is an OrderedDict."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return OrderedDict(environ)


@mutant("WSGI-ENV-002")
class ReadsEnvironAfterTheCall(Server):
    """Looks the method up after the application had its way."""

    def call(self, environ: Environ, answer: Any) -> Any:
        """The fault."""
        result = super().call(environ, answer)
        answer.request.method = environ["REQUEST_METHOD"].encode("latin-1")
        return result


@mutant("WSGI-ENV-002")
class LooksUpTheWrapperAfterTheCall(Server):
    """Wants a key to be there after the call, as some servers do."""

    def call(self, environ: Environ, answer: Any) -> Any:
        """The fault."""
        result = super().call(environ, answer)
        environ["wsgi.errors"]
        return result


@mutant("WSGI-ENV-003")
class SharedEnviron(Edited):
    """One dict for all requests."""

    shared: Environ

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        if "shared" not in self.__dict__:
            self.shared = {}
        stale = {k: v for k, v in self.shared.items() if k.startswith("gateproof.")}
        self.shared = {**environ, **stale}
        return self.shared


@mutant("WSGI-ENV-004", also=["WSGI-ENV-005", "WSGI-HTTP-011"])
class NoMethodForHead(Edited):
    """HEAD has no REQUEST_METHOD."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return edit(environ, REQUEST_METHOD=None) if request.method == b"HEAD" else environ


@mutant("WSGI-ENV-005")
class UpperCaseMethod(Server):
    """Methods are upper-cased."""

    def method(self, request: Request) -> str:
        """The fault."""
        return super().method(request).upper()


@mutant("WSGI-ENV-006")
class EmptyServerName(Server):
    """SERVER_NAME is ''."""

    def server_name(self) -> str:
        """The fault."""
        return ""


@mutant("WSGI-ENV-007", also=["WSGI-ENV-021"])
class IntegerPort(Server):
    """SERVER_PORT is an int."""

    def server_port(self) -> Any:
        """The fault."""
        return int(self.port)


@mutant("WSGI-ENV-008", also=["WSGI-URL-015"])
class Port80(Server):
    """SERVER_PORT is always 80."""

    def server_port(self) -> Any:
        """The fault."""
        return "80"


@mutant("WSGI-ENV-009")
class ProductName(Server):
    """SERVER_NAME is a product token."""

    def server_name(self) -> str:
        """The fault."""
        return "Reference/1.0"


@mutant("WSGI-ENV-010")
class OwnVersion(Server):
    """SERVER_PROTOCOL is the server's own version."""

    def server_protocol(self, request: Request) -> str:
        """The fault."""
        return "HTTP/1.1"


@mutant("WSGI-ENV-011")
class TypeWithoutParameters(Edited):
    """The parameters of Content-Type are lost."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        if "CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = environ["CONTENT_TYPE"].partition(";")[0]
        return environ


@mutant("WSGI-ENV-012")
class InventedType(Edited):
    """CONTENT_TYPE defaults to text/plain."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ.setdefault("CONTENT_TYPE", "text/plain")
        return environ


@mutant("WSGI-ENV-013")
class WrongLength(Server):
    """CONTENT_LENGTH is what one packet holds."""

    def content_length(self, request: Request) -> str:
        """The fault."""
        return str(min(request.length or 0, 4))


@mutant("WSGI-ENV-014", also=["WSGI-HTTP-023"])
class NegativeLength(Edited):
    """CONTENT_LENGTH is -1 where there is none."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ.setdefault("CONTENT_LENGTH", "-1")
        return environ


class LenientLength(Grammar):
    """Takes what int() takes."""

    def digits_ok(self, digits: bytes) -> bool:
        """The fault."""
        try:
            return int(digits) >= 0
        except ValueError:
            return False


@mutant("WSGI-ENV-015", also=["FRAME-074", "FRAME-076", "FRAME-117"])
class LengthByInt(Server):
    """'+5' and '5_0' reach the application."""

    grammar = LenientLength()

    def content_length(self, request: Request) -> str:
        """The fault, shown as it came."""
        return self.text(request.all(b"content-length")[0])


@mutant("WSGI-ENV-016")
class ContentFieldsTwice(Server):
    """Content fields also become HTTP_ variables."""

    def wanted(self, name: bytes) -> bool:
        """The fault."""
        return b"_" not in name


@mutant("WSGI-ENV-017", also=["FRAME-038", "FRAME-071"])
class DropsX(Server):
    """Fields that begin with X- are lost, unless they are ours."""

    def wanted(self, name: bytes) -> bool:
        """The fault."""
        return super().wanted(name) and not name.lower().startswith(b"x")


@mutant("WSGI-CGI-010")
class AsksBeforeTheName(Server):
    """Fields are lost whose name, without HTTP_, environ has already."""

    def wanted(self, name: bytes) -> bool:
        """The fault."""
        return super().wanted(name) and name.lower() not in (b"remote-addr", b"server-name", b"path-info")


@mutant("WSGI-ENV-018")
class InventedHost(Edited):
    """HTTP_HOST is there though no Host was sent."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ.setdefault("HTTP_HOST", f"{self.host}:{self.port}")
        return environ


@mutant("WSGI-ENV-020")
class EmptyUser(Edited):
    """REMOTE_USER is '' though nobody authenticated."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return edit(environ, REMOTE_USER="")


@mutant("WSGI-ENV-021")
class NumberAsSoftware(Edited):
    """A CGI variable is no str."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return edit(environ, SERVER_SOFTWARE=b"reference")


@mutant("WSGI-ENV-022")
class BytesKey(Edited):
    """A key is bytes."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ[b"key"] = "value"  # type: ignore[index]
        return environ


@mutant("WSGI-ENV-023")
class VersionAsList(Edited):
    """wsgi.version is a list."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ["wsgi.version"] = [1, 0]
        return environ


@mutant("WSGI-ENV-024", also=["WSGI-URL-015"])
class AlwaysHttps(Server):
    """The scheme is always https."""

    def url_scheme(self, request: Request) -> str:
        """The fault."""
        return "https"


@mutant("WSGI-ENV-025", launch="tls")
class NeverHttps(Server):
    """The scheme is always http."""

    def url_scheme(self, request: Request) -> str:
        """The fault."""
        return "http"


@mutant("WSGI-CGI-008")
class PeerOfTwoParts(Server):
    """Takes two parts of the peer's address."""

    def remote_addr(self, peer: Any) -> str:
        """The fault."""
        return str(peer[0])


@mutant("WSGI-CGI-009")
class NoneForAnAddress(Server):
    """REMOTE_ADDR is None where there is none."""

    def remote_addr(self, peer: Any) -> Any:
        """The fault."""
        return super().remote_addr(peer) or None


@mutant("WSGI-CGI-011")
class NoneForAPort(Server):
    """SERVER_PORT is the text None where there is none."""

    def server_port(self) -> Any:
        """The fault."""
        return str(self.port or None)


@mutant("WSGI-CGI-007")
class VersionNone(Server):
    """A version that is not known is None."""

    def server_protocol(self, request: Request) -> str:
        """The fault."""
        known = request.version in (b"HTTP/1.0", b"HTTP/1.1")
        return super().server_protocol(request) if known else "HTTP/None"


@mutant("WSGI-CGI-002")
class ConnectionHasATypeToo(Edited):
    """Connection becomes CONNECTION_TYPE."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        changed = {key: value for key, value in environ.items() if key != "HTTP_CONNECTION"}
        return {**changed, "CONNECTION_TYPE": environ.get("HTTP_CONNECTION", "")}


@mutant("WSGI-ENV-026", also=["WSGI-THREAD-005"])
class NoRunOnce(Edited):
    """wsgi.run_once is missing."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        del environ["wsgi.run_once"]
        return environ


@mutant("WSGI-ENV-039")
class IntegerRemotePort(Edited):
    """REMOTE_PORT is an int."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return edit(environ, REMOTE_PORT=4711)


# -- URL


@mutant("WSGI-URL-001", launch="mount", also=["WSGI-URL-005", "WSGI-URL-008"])
class MountWithoutSlash(Server):
    """SCRIPT_NAME lacks its slash."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        script_name, path_info = super().mounted(path)
        return script_name.lstrip("/"), path_info


@mutant(
    "WSGI-URL-002",
    also=["WSGI-URL-005", "WSGI-UNICODE-002", "WSGI-URL-012", "WSGI-URL-013", "WSGI-URL-015", "WSGI-URL-019"],
)
@mutant(
    "WSGI-URL-005",
    also=["WSGI-URL-002", "WSGI-UNICODE-002", "WSGI-URL-012", "WSGI-URL-013", "WSGI-URL-015", "WSGI-URL-019"],
)
class SlashForTheRoot(Server):
    """SCRIPT_NAME of the root is '/'."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        script_name, path_info = super().mounted(path)
        return script_name or "/", path_info


@mutant(
    "WSGI-URL-003",
    also=[
        "WSGI-URL-001",
        "WSGI-URL-004",
        "WSGI-URL-005",
        "WSGI-UNICODE-002",
        "WSGI-URL-012",
        "WSGI-URL-013",
        "WSGI-URL-015",
        "WSGI-URL-019",
    ],
)
class PathWithoutSlash(Server):
    """PATH_INFO lacks its slash."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        script_name, path_info = super().mounted(path)
        return script_name, path_info.lstrip("/")


@mutant("WSGI-URL-004", also=["WSGI-URL-005", "WSGI-URL-015"])
class EmptyRoot(Server):
    """PATH_INFO of '/' is ''."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        return super().mounted("" if path == "/" else path)


@mutant("WSGI-URL-005")
class NoLastSlash(Server):
    """'/a/' becomes '/a'."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return super().decode_path(path).rstrip("/") or "/"


@mutant("WSGI-URL-006", also=["WSGI-URL-005"])
class DecodedTwice(Server):
    """The path is percent-decoded twice."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return self.text(unquote_to_bytes(unquote_to_bytes(path)))


@mutant("WSGI-URL-006", also=["WSGI-URL-005"])
class PlusIsBlank(Server):
    """'+' is taken for a blank."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return super().decode_path(path.replace(b"+", b" "))


@mutant("WSGI-URL-008", launch="mount")
class SlashAtTheMountPoint(Server):
    """The bare mount point has PATH_INFO '/'."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        script_name, path_info = super().mounted(path)
        return script_name, path_info or "/"


@mutant("WSGI-URL-009", launch="mount")
class MountByPrefix(Server):
    """/appx is inside /app."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        if self.mount and path.startswith(self.mount):
            return self.mount, path[len(self.mount) :]
        return "", path


@mutant("WSGI-URL-021", launch="mount")
class CutsAtTheMount(Server):
    """PATH_INFO is what follows the mount point, wherever that stands."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        if self.mount and self.mount in path[1:]:
            return "", path.split(self.mount, 1)[1]
        return super().mounted(path)


@mutant("WSGI-URL-010", also=["WSGI-URL-015"])
class DecodedQuery(Server):
    """The query is percent-decoded."""

    def query_string(self, query: bytes) -> str:
        """The fault."""
        return self.text(unquote_to_bytes(query))


@mutant("WSGI-URL-012", also=["WSGI-UNICODE-002", "WSGI-URL-006", "WSGI-URL-010"])
class SplitAfterDecoding(Server):
    """%3F begins the query."""

    def split_target(self, target: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        return super().split_target(target.replace(b"%3F", b"?"))


@mutant("WSGI-URL-013")
class AbsoluteFormAsPath(Server):
    """An absolute form is taken for a path as it stands."""

    def split_target(self, target: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        path, _, query = target.partition(b"?")
        return path, query


@mutant("WSGI-URL-015")
class AnyAddress(Server):
    """SERVER_NAME is the wildcard address."""

    def server_name(self) -> str:
        """The fault."""
        return "0.0.0.0"


@mutant("WSGI-URL-020")
class HostInThePath(Server):
    """Takes what stands behind two slashes for a host."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return super().decode_path(urlsplit(path).path or b"/")


@mutant("WSGI-URL-020")
class SchemeInThePath(Server):
    """Takes what stands behind a colon and two slashes for a host."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        _, found, rest = path.partition(b"://")
        return super().decode_path(b"/" + rest.partition(b"/")[2] if found else path)


@mutant("WSGI-URL-019")
class DigitsUnread(Server):
    """A percent sign without digits is NUL."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return super().decode_path(path).replace("%zz", "\x00")


# -- CGI


@mutant("WSGI-CGI-001")
class NameForAddress(Server):
    """REMOTE_ADDR is a name."""

    def remote_addr(self, peer: Any) -> str:
        """The fault."""
        return "localhost"


@mutant("WSGI-CGI-001")
class FourItemsForAddress(Server):
    """REMOTE_ADDR is what a socket of IPv6 says of its peer, as text."""

    def remote_addr(self, peer: Any) -> str:
        """The fault."""
        return str(peer) if ":" in peer[0] or not IPV6 else super().remote_addr(peer)


@mutant("WSGI-CGI-002")
class KeyInItsOwnCase(Server):
    """The letter case of a field name stays, but for ours."""

    def header_key(self, name: bytes) -> str:
        """The fault."""
        key = super().header_key(name)
        return "HTTP_" + self.text(name).replace("-", "_") if key.startswith("HTTP_X") else key


@mutant("WSGI-CGI-003")
class LastValueWins(Server):
    """Of repeated fields the last is kept."""

    def joined(self, before: str, value: str) -> str:
        """The fault."""
        return value


@mutant("WSGI-CGI-004")
class UnderscoreOverwrites(Server):
    """X_A takes the place of X-A."""

    def wanted(self, name: bytes) -> bool:
        """The fault."""
        return name.lower() not in (b"content-type", b"content-length")


@mutant("WSGI-CGI-006")
class RunsOnce(Server):
    """A long-running server says that it runs the application once."""

    run_once = True


# -- UNICODE


def redecode(text: str) -> str:
    """Decode as UTF-8 what can be decoded."""
    return text.encode("latin-1").decode("utf-8", "replace")


@mutant("WSGI-UNICODE-001", also=["WSGI-UNICODE-002"])
class Utf8Path(Server):
    """PATH_INFO is decoded as UTF-8."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return redecode(super().decode_path(path))


@mutant("WSGI-UNICODE-002")
class LossyPath(Server):
    """Octets that are no UTF-8 are lost on the way."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return redecode(super().decode_path(path)).encode("utf-8").decode("latin-1")


@mutant("WSGI-UNICODE-003", also=["FRAME-040"])
class AsciiFields(Server):
    """Octets of a field that are not ASCII are dropped."""

    def header_text(self, value: bytes) -> Any:
        """The fault."""
        return value.decode("ascii", "ignore")


class AnyTarget(Grammar):
    """Takes raw octets in a target."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """Another legal choice; the fault is what becomes of them."""
        return target


@mutant(
    "WSGI-UNICODE-004",
    also=[
        "FRAME-102",
        "FRAME-043",
        "FRAME-049",
        "FRAME-050",
        "FRAME-053",
        "FRAME-095",
        "FRAME-096",
        "FRAME-097",
        "FRAME-118",
    ],
)
class EncodedTwice(Server):
    """Raw octets are encoded once more."""

    grammar = AnyTarget()

    def query_string(self, query: bytes) -> str:
        """The fault."""
        return super().query_string(query).encode("utf-8").decode("latin-1")


@mutant("WSGI-UNICODE-007", launch="os_environ")
class RawOsVariables(Edited):
    """Variables of the operating system are copied as they are."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return {**os.environ, **environ}


@mutant("WSGI-ENV-047", launch="os_environ")
class OsVariablesFirst(Edited):
    """Variables of the operating system stand in place of fields."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        return {**environ, **{key: text for key, text in os.environ.items() if key.startswith("HTTP_")}}

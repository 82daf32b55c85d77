"""PEP 3333, environ Variables and URL Reconstruction: the target of the request."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_to_bytes

from hypothesis import strategies as st

from gateproof.check import in_band, launch, requirement, unproxied
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import ok
from gateproof.target import Server
from gateproof.wire.request import get

from ... import pools
from .looking import ABSENT, environ_of, latin1, value

PATHS = [
    b"/",
    b"/a",
    b"/a/",
    b"/a/b/c",
    b"/a%20b",
    b"/%41",
    b"/a;b=c",
    b"/a+b",
    b"/~u",
    b"/a%2541+b",
    b"/@:!$&'()*,=",
    b"/a%3Fb",
    b"/a%00b",
]
QUERIES = [b"x=%20y&q=%C3%A9+a?b;c", b"a=b", b"%00%ff", b"?", b"a=/../b&c", b"%zz", b"a+b", b"=&=", b"%3Fx%23"]


def path_of(environ: dict[Any, Any]) -> str:
    """Return SCRIPT_NAME and PATH_INFO joined."""
    return str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))


def decoded(target: bytes) -> str:
    """Return the percent-decoded path of a target as a native string."""
    return latin1(unquote_to_bytes(target.split(b"?")[0]))


@unproxied
@requirement("WSGI-URL-002", "WSGI-URL-004")
def test_names_of_the_root(server: Server, judge: Judge) -> None:
    """At the root SCRIPT_NAME is '' and PATH_INFO is '/'."""
    if server.mount:
        server.unsupported("the application is mounted")
    environ = environ_of(server, get(b"/"))
    script_name, path_info = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
    judge("WSGI-URL-002", script_name == "", "'' or absent", script_name)
    judge("WSGI-URL-004", script_name or path_info, "one of SCRIPT_NAME and PATH_INFO is not empty", "both are empty")


@unproxied
@requirement("WSGI-URL-003", "WSGI-URL-005", "WSGI-URL-006", revision=2)
def test_path_info_is_the_decoded_path(server: Server, judge: Judge, draw: Draw) -> None:
    """It begins with '/' and is the path, percent-decoded once, in which '+' stays."""

    def law(target: bytes) -> None:
        x = server.exchange(get(target), ok())
        if x.refused:
            return
        environ = x.call.environ
        info = environ.get("PATH_INFO", "")
        judge("WSGI-URL-003", info == "" or str(info).startswith("/"), "'' or a text that begins with '/'", info)
        seen, wanted = path_of(environ), decoded(target)
        if seen != wanted and decoded(seen.encode("latin-1", "replace")) == decoded(wanted.encode("latin-1")):
            judge("WSGI-URL-006", False, wanted, seen)  # decoded twice, or not at all
        else:
            judge("WSGI-URL-006", "+" not in wanted or "+" in seen, wanted, seen)
            judge("WSGI-URL-005", seen == wanted, wanted, seen)

    draw(law, pools.paths, PATHS)
    judge.rest_blocked("every path was refused, or another row decides")


@unproxied
@requirement("WSGI-URL-007", "WSGI-URL-011", "WSGI-URL-014")
def test_readings_of_the_target(server: Server, judge: Judge) -> None:
    """Where the text leaves the target open: %2F, no query, OPTIONS *."""
    slash = server.exchange(get(b"/a%2Fb"), ok())
    judge.reading("WSGI-URL-007", slash.outcome if slash.refused else f"/a%2Fb gives {path_of(slash.call.environ)!r}")
    for target in (b"/p", b"/p?"):
        x = server.exchange(get(target), ok())
        judge.reading("WSGI-URL-011", f"{latin1(target)} gives {value(x.call.environ, 'QUERY_STRING')!r}")
    star = server.exchange(get(b"*", method=b"OPTIONS"), ok())
    text = (
        f"OPTIONS * gives {value(star.calls[0].environ, 'PATH_INFO')!r}" if star.calls else f"OPTIONS *: {star.outcome}"
    )
    judge.reading("WSGI-URL-014", text)


@in_band
@requirement("WSGI-URL-010")
def test_query_string_is_unchanged(server: Server, judge: Judge, draw: Draw) -> None:
    """QUERY_STRING is what follows the first '?', undecoded."""

    def law(query: bytes) -> None:
        x = server.exchange(get(b"/p?" + query), ok())
        if not x.refused:
            seen = x.call.environ.get("QUERY_STRING", "")
            judge("WSGI-URL-010", seen == latin1(query), latin1(query), seen)

    draw(law, pools.queries, QUERIES)
    judge.rest_blocked("every query was refused")


@unproxied
@requirement("WSGI-URL-012", revision=2)
def test_path_and_query_are_split_before_decoding(server: Server, judge: Judge) -> None:
    """An encoded '?' belongs to the path, and the query never appears in it."""
    x = server.exchange(get(b"/env%3Fa?b"), ok())
    if x.refused:
        judge.blocked("WSGI-URL-012", f"/env%3Fa?b is refused: {x.outcome}")
        return
    seen = (path_of(x.call.environ), value(x.call.environ, "QUERY_STRING"))
    # That a path is not decoded at all is for WSGI-URL-006 to say.
    judge("WSGI-URL-012", seen in (("/env?a", "b"), ("/env%3Fa", "b")), ("/env?a", "b"), seen)


@unproxied
@requirement("WSGI-URL-013")
def test_absolute_form(server: Server, judge: Judge) -> None:
    """Of a target in absolute form PATH_INFO holds the path alone."""
    x = server.exchange(get(b"http://other.example/p?x"), ok())
    if not x.refused:
        seen = (path_of(x.call.environ), value(x.call.environ, "QUERY_STRING"))
        judge("WSGI-URL-013", seen == ("/p", "x"), ("/p", "x"), seen)
    judge("WSGI-URL-013", True)


@requirement("WSGI-URL-015")
def test_url_reconstruction(server: Server, judge: Judge, draw: Draw) -> None:
    """The PEP's algorithm gives a URL equivalent to the one that was asked for."""
    host = f"{server.host}:{server.port}".encode("ascii")

    def law(case: tuple[bytes, bytes]) -> None:
        path, query = case
        target = path + (b"?" + query if query else b"")
        for field in ([(b"Host", host)], []):
            octets = b"GET " + target + (b" HTTP/1.1" if field else b" HTTP/1.0") + b"\r\n"
            octets += b"".join(name + b": " + text + b"\r\n" for name, text in field) + b"\r\n"
            x = server.exchange(octets, ok())
            if x.refused:
                continue
            wanted = quote(decoded(target).encode("latin-1"), safe="/") + (f"?{latin1(query)}" if query else "")
            seen = reconstructed(x.call.environ)
            if field:
                judge("WSGI-URL-015", seen == f"http://{host.decode()}{wanted}", wanted, seen)
            else:
                end = f":{server.port}{wanted}"
                judge("WSGI-URL-015", seen.endswith(end) and not seen.startswith("http://0.0.0.0:"), end, seen)

    draw(
        law, st.tuples(pools.paths, pools.queries), [(b"/", b""), (b"/a%20b/c", b"x=%20y"), (b"/a;b", b"")], examples=8
    )
    judge.rest_blocked("every request was refused")


def reconstructed(environ: dict[Any, Any]) -> str:
    """Rebuild the URL as the PEP's section on URL Reconstruction says."""
    url = f"{environ.get('wsgi.url_scheme')}://"
    if environ.get("HTTP_HOST"):
        url += str(environ["HTTP_HOST"])
    else:
        url += str(environ.get("SERVER_NAME"))
        if str(environ.get("SERVER_PORT")) != "80":
            url += f":{environ.get('SERVER_PORT')}"
    path = quote(path_of(environ), safe="/", encoding="latin-1", errors="replace")
    return url + path + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")


@unproxied
@requirement("WSGI-URL-019", revision=2)
def test_odd_segments_arrive_as_sent(server: Server, judge: Judge) -> None:
    """An invalid percent-encoding is delivered, or refused; empty and dot segments may be brought in canonical form."""
    for target in (b"//env", b"/a//b", b"/a/./b", b"/a/../b", b"/%zz", b"/.", b"/a/.."):
        x = server.exchange(get(target), ok())
        if not x.refused:
            seen, weight = path_of(x.call.environ), "" if b"%" in target else "inform"
            judge("WSGI-URL-019", seen == decoded(target), decoded(target), seen, weight=weight)
    judge("WSGI-URL-019", True)


@unproxied
@requirement("WSGI-URL-020", revision=2)
def test_two_slashes_begin_a_path(server: Server, judge: Judge) -> None:
    """What stands around them are segments, at the beginning of a path and behind a colon: no scheme and no host."""
    for target, path in (
        (b"//env/rest", "/env/rest"),
        (b"//env/rest?q=1", "/env/rest"),
        (b"/of/http://env/rest", "/of/http:/env/rest"),
        (b"/rest?u=http://env/of", "/rest"),
    ):
        x = server.exchange(get(target), ok())
        if not x.refused:
            seen = (path_of(x.call.environ).replace("//", "/"), value(x.call.environ, "HTTP_HOST"))
            judge("WSGI-URL-020", seen[0].endswith(path), path, seen)
            judge("WSGI-URL-020", seen[1] != "env", "the Host that was sent", seen)
    judge("WSGI-URL-020", True)


@launch("mount")
@requirement("WSGI-URL-001", "WSGI-URL-008", "WSGI-URL-009")
def test_mount_point(server: Server, judge: Judge) -> None:
    """Mounted under a prefix: SCRIPT_NAME is the prefix, PATH_INFO the rest, by whole segments."""
    mount = server.mount
    environ = environ_of(server, get(f"{mount}/item".encode("ascii")))
    seen = (environ.get("SCRIPT_NAME", ABSENT), environ.get("PATH_INFO", ABSENT))
    judge("WSGI-URL-001", seen[0] == mount and seen[1] == "/item", (mount, "/item"), seen)
    bare = server.exchange(get(mount.encode("ascii")), ok())
    if bare.calls:
        seen = (bare.call.environ.get("SCRIPT_NAME", ABSENT), bare.call.environ.get("PATH_INFO", ""))
        judge("WSGI-URL-008", seen == (mount, ""), (mount, ""), seen)
    else:
        judge.blocked("WSGI-URL-008", f"the bare mount point is not passed on: {bare.outcome}")
    for target in (f"{mount}x", "/other"):
        x = server.exchange(get(target.encode("ascii")), ok())
        for call in x.calls:
            claimed = call.environ.get("SCRIPT_NAME", "")
            judge("WSGI-URL-009", claimed != mount, f"{target} is not inside {mount}", f"SCRIPT_NAME {claimed!r}")
    judge("WSGI-URL-009", True)


@launch("mount")
@requirement("WSGI-URL-021")
def test_a_path_outside_of_the_mount_point(server: Server, judge: Judge) -> None:
    """Where the mount point is not the beginning of the path, nothing is cut out of it."""
    for path in (f"/elsewhere{server.mount}/x", "/elsewhere/yy"):
        for call in server.exchange(get(path.encode("ascii")), ok()).calls:
            info = call.environ.get("PATH_INFO", "")
            judge("WSGI-URL-021", path in (info, path_of(call.environ)), f"PATH_INFO {path!r}, or no call", info)
    judge("WSGI-URL-021", True)


@launch("mount")
@requirement("WSGI-URL-003", "WSGI-URL-005", "WSGI-URL-006", revision=2)
def test_path_info_below_a_mount_point(server: Server, judge: Judge) -> None:
    """Joined they are the path that was asked for."""
    mount = server.mount.encode("ascii")
    for path in (b"/", b"/a", b"/a%20b/", b"/a%2541+b", mount + b"/x+b"):
        target = mount + path
        x = server.exchange(get(target), ok())
        if x.refused:
            continue
        info, wanted = str(x.call.environ.get("PATH_INFO", "")), decoded(target)
        judge("WSGI-URL-003", info == "" or info.startswith("/"), "'' or a text that begins with '/'", info)
        judge("WSGI-URL-005", path_of(x.call.environ) == wanted, wanted, path_of(x.call.environ))
        judge("WSGI-URL-006", "+" not in wanted or path_of(x.call.environ).endswith(wanted[-4:]), wanted, info)
    judge.rest_blocked("every path was refused")

"""Where to look in an application: what the user names, what it links to, what its objects say of themselves."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

MOST = 12
FILES = 2  # of a directory
ORIGINS = 4
BELOW = 4  # places below which is looked
ORIGIN = re.compile(r"https?://[\w.:\[\]-]{1,80}")
SEQUENCES = (list, tuple, set, frozenset)
# What percent-decoding may give, where it leads nowhere. No name of a file may hold a NUL or be as long: apart.
NULS = ("/\0",)
LONG_PATHS = ("/" + "x" * 300, "/" + "x/" * 300)
NAMES_OF_NONE = (
    *(
        "/a\nb",
        "//",
        "//else.example/",
        "/..",
        "/../..",
        "/.",
        "/%2e%2e/",
        "/\\..\\",
        "/caf\u00e9/\u20ac",
        "/\ufffd",
    ),
    *("/\U0001f600", "/ ", "/:", "/;a=b", "/~", "/[", "/{x}", "/<a>"),
)
ODD_PATHS = (*NULS, *NAMES_OF_NONE, *LONG_PATHS)
link = re.compile(rb"""(?:href|src|action)\s*=\s*["']?([^"'\s>#]+)""", re.IGNORECASE).findall
placeholder = re.compile(r"<(?:(\w+)[^:>]*:)?[^>]*>|\{(?:[^}]*)\}|:(\w+)")
DOCUMENTS = ("/openapi.json", "/schema/openapi.json")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Place:
    """A path (decoded, one latin-1 character an octet) with its query, and the method that its author named for it."""

    path: str = "/"
    query: str = ""
    method: str = "GET"


ROOT = Place()


def parse(words: Iterable[str]) -> list[Place]:
    """Return the places of words as `spelt` leaves them: `/`, `/items/1?x=y`, `POST:/items`."""
    split = [("GET", word) if word.startswith("/") else tuple(word.split(":", 1)) for word in words]
    return [place(target, method) for method, target in split]


def spelt(words: Iterable[str], folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the words of `--app-paths` with those that a file stands for, an OpenAPI document in one of the folders.

    Raises `ValueError` for a word that is no path, no method and path, and no such file.
    """
    found: list[str] = []
    for word in words:
        method, _, rest = word.partition(":")
        if word.startswith("/") or (method.isupper() and rest.startswith("/")):
            found.append(word)
        else:
            found += _operations(word, [folder / word for folder in folders])
    return tuple(found)


def _operations(word: str, files: list[Path]) -> Iterator[str]:
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        looked = " and ".join(dict.fromkeys(str(file.parent) for file in files))
        kinds = "a path such as /items/1, a method with one such as POST:/items, or a file with an OpenAPI document"
        raise ValueError(f"{word!r} is none of: {kinds} (looked in {looked})")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON, as which an OpenAPI document is read: {error}") from error
    try:
        pairs = list(operations(document))
    except (AttributeError, TypeError):
        pairs = []
    if not pairs:
        raise ValueError(f"{file} is no OpenAPI document: it names no operation under 'paths'")
    return (f"{method}:{path}" for method, path in pairs)


def place(target: str, method: str = "GET") -> Place:
    """Return the place of a request target as it stands in a URL."""
    path, _, query = target.partition("?")
    return Place(unquote_to_bytes(path).decode("latin-1") or "/", query, method)


def openapi(document: dict[str, Any]) -> list[Place]:
    """Return the operations of an OpenAPI document as places."""
    return [place(path, method) for method, path in operations(document)]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return methods and paths of an OpenAPI document; each parameter of a path becomes 1."""
    for path, methods in document.get("paths", {}).items():
        for method in methods:
            if method.upper() in METHODS and str(path).startswith("/"):
                yield method.upper(), filled(str(path))


def documented(get: Callable[[Place], bytes]) -> list[Place]:
    """Return what an application's own OpenAPI document names and a GET asks for; `get` returns what is served."""
    for where in DOCUMENTS:
        page = get(Place(where))
        if page:
            try:
                return [each for each in openapi(json.loads(page)) if each.method == "GET"]
            except (ValueError, AttributeError, TypeError):
                return []
    return []


def filled(path: str) -> str:
    """Return a path of a routing table with its parameters filled in."""
    return placeholder.sub("1", path)


def linked(page: bytes, base: str) -> Iterator[Place]:
    """Return the places of this application that a page links to."""
    for raw in link(page):
        try:
            target = urlsplit(urljoin(f"http://gateproof{base}", raw.decode("latin-1")))
        except ValueError:
            continue
        if target.netloc == "gateproof" and target.scheme == "http":
            yield place((target.path or "/") + (f"?{target.query}" if target.query else ""))


def named(thing: object) -> Iterator[Place]:
    """Return the places that an object names: attributes that are paths, and the routing table of known frameworks."""
    for value in [*vars(type(thing)).values(), *getattr(thing, "__dict__", {}).values()]:
        words = value if isinstance(value, dict | list | tuple) else [value]
        for word in [each[0] if isinstance(each, tuple) and each else each for each in words]:
            if isinstance(word, str) and re.fullmatch(r"/[\x21-\x7e]{1,80}", word):
                yield place(word)
    for table in TABLES:
        try:
            found = list(table(thing))
        except Exception:  # noqa: S112 another kind of object
            continue
        yield from (place(filled(path)) for path in found)


def bases(found: Iterable[str]) -> list[str]:
    """Return the root, the folders that these paths lie in, and a few of them, without a slash at the end."""
    places = [path.rstrip("/") for path in found]
    return list(dict.fromkeys(("", *(path.rpartition("/")[0] for path in places), *places[:BELOW])))


def origins_of(things: Iterable[object]) -> list[bytes]:
    """Return the origins that objects name in their attributes, and in the arguments kept for middleware."""
    texts = (text for thing in things for value in getattr(thing, "__dict__", {}).values() for text in _texts(value))
    return [text.encode() for text in dict.fromkeys(texts) if ORIGIN.fullmatch(text)][:ORIGINS]


def _texts(value: object, depth: int = 3) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth:
        if not isinstance(value, (dict, *SEQUENCES)):
            value = getattr(value, "kwargs", None)  # how frameworks of Starlette's kind keep a middleware
        if isinstance(value, dict):
            value = value.values()
        for part in value if isinstance(value, Iterable) else ():
            yield from _texts(part, depth - 1)


def _werkzeug(thing: Any) -> Iterator[str]:
    for rule in thing.url_map.iter_rules():
        yield str(rule)


def _bottle(thing: Any) -> Iterator[str]:
    for route in thing.routes:
        yield str(route.rule)


def _starlette(thing: Any) -> Iterator[str]:
    for route in thing.routes:
        yield str(route.path)


def _django(thing: Any) -> Iterator[str]:
    if not type(thing).__module__.startswith("django."):
        return
    urls: Any = importlib.import_module("django.urls")
    for pattern in urls.get_resolver().url_patterns:
        route = getattr(pattern.pattern, "_route", None)
        if isinstance(route, str):
            yield "/" + route


def _files(thing: Any) -> Iterator[str]:
    mounts = [("", thing), *((route.path, getattr(route, "app", None)) for route in getattr(thing, "routes", ()))]
    for mount, served in mounts:
        for directory in getattr(served, "all_directories", ()):
            names = sorted(entry.name for entry in Path(directory).iterdir() if entry.is_file())
            yield from (f"{mount}/{quote(name)}" for name in names[:FILES])


TABLES: tuple[Callable[[Any], Iterator[str]], ...] = (_werkzeug, _bottle, _starlette, _django, _files)


def discover(
    get: Callable[[Place], tuple[bytes, str]],
    things: Iterable[object],
    known: Iterable[Place] = (),
    most: int = MOST,
) -> list[Place]:
    """Return the root, what objects name, what is known besides, and what can be found from there.

    `get` returns the page of a place and where it redirects to.
    """
    waiting = [ROOT, *(each for thing in things for each in named(thing)), *known]
    found: list[Place] = []
    while waiting and len(found) < most:
        here = waiting.pop(0)
        if here in found:
            continue
        found.append(here)
        page, location = get(here)
        waiting += [each for each in linked(page, here.path) if each not in waiting]
        if location:
            waiting += linked(f'href="{location}"'.encode("latin-1", "replace"), here.path)
    return found

"""Judges released versions of servers that had a known bug, and those that fixed it: which bugs are found, by what?

    python benchmarks/history.py BUGS.toml [--jobs 2] [--only TEXT] [--again] [--keep-stale] [--detail]

BUGS.toml holds `[[bug]]` tables: id, affected and fixed (lists of pins), python (a version that pyenv or PATH has),
python_affected and python_fixed where they differ, server or launcher, options, category, strength, cause (bugs of one
cause were fixed together). A bug is found where a requirement fails or warns on the affected version and does neither
on the fixed one. Environments are made on demand and kept; a report is kept for each (pins, interpreter, launch) and
the state of gateproof's own sources, so that a run that was stopped goes on where it ended. `--keep-stale` takes
reports of older sources too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateproof.servers.environments import EnvironmentProblem, cache_folder, environment

ROOT = Path(__file__).resolve().parent.parent
RUN_S = 420
BAD = ("fail", "warn")
JUDGED = {"pass", "inform", *BAD}

# launcher: profile, and how an option is spelled: "words" for `--name value`, "pair" for `--name=value`
WSGI = {
    "gunicorn": ("gunicorn-sync", "words"),
    "waitress": ("waitress", "pair"),
    "cheroot": ("cheroot", "pair"),
    "cherrypy": ("cherrypy-wsgiserver", "pair"),
    "gevent": ("gevent", "pair"),
    "eventlet": ("eventlet", "pair"),
    "werkzeug": ("werkzeug", "pair"),
    "wsgiref": ("wsgiref", "pair"),
    "hypercorn": ("hypercorn-wsgi", "words"),
    "hypercorn_middleware": ("hypercorn-middleware", "pair"),
    "granian": ("granian-wsgi", "words"),
    "bjoern": ("bjoern", "pair"),
    "uwsgi": ("uwsgi-http-socket", "words"),
    "tornado": ("tornado", "pair"),
    "twisted": ("twisted", "pair"),
    "asgiref": ("asgiref", "pair"),
    "a2wsgi": ("a2wsgi", "pair"),
    "uvicorn": ("uvicorn-wsgi", "pair"),
    "paste": ("paste", "pair"),
    "django": ("django", "pair"),
    "aiohttp-wsgi": ("aiohttp-wsgi", "words"),
    "fastwsgi": ("fastwsgi", "pair"),
}
ASGI = {
    "uvicorn": "uvicorn-h11",
    "hypercorn": "hypercorn-asyncio",
    "anycorn": "anycorn-asyncio",
    "granian": "granian-mt",
    "gunicorn": "gunicorn-asgi",
    "socketify": "socketify-asgi",
    "fastpysgi": "fastpysgi-asgi",
}
# What the profile's own variants launch: a mount point, a unix socket, TLS. Werkzeug has threads by default.
MOUNTS = ("root-path", "url-path-prefix", "url-prefix", "script-name")
VARIANTS = (*MOUNTS, "unix", "uds", "certfile", "keyfile", "threaded")

# Groups of requirements that are about bugs of a category of WSGI servers; a bug found only by others is shown with
# a question mark.
RIGHT: dict[str, tuple[str, ...]] = {
    "framing-request": ("FRAME", "WSGI-HTTP", "WSGI-INPUT", "WSGI-ENV-005"),  # the case of the method
    "environ": ("WSGI-ENV", "WSGI-URL", "WSGI-CGI", "WSGI-UNICODE", "WSGI-THREAD", "WSGI-EXT", "FRAME"),
    "input": ("WSGI-INPUT", "WSGI-HTTP", "FRAME"),
    "errors": ("WSGI-ERRORS",),
    "file-wrapper": ("WSGI-FILE",),
    "no-body": ("WSGI-HTTP", "WSGI-ITER", "WSGI-HEADERS"),
    "header-output": ("WSGI-HEADERS", "WSGI-START", "WSGI-STATUS", "WSGI-UNICODE"),
    "close": ("WSGI-ITER", "WSGI-STREAM", "WSGI-HTTP"),
    "start-response": ("WSGI-START", "WSGI-EXC", "WSGI-ITER", "WSGI-CALL", "WSGI-WRITE", "WSGI-STATUS"),
    "body-iterable": ("WSGI-ITER", "WSGI-STREAM", "WSGI-WRITE", "WSGI-HTTP", "WSGI-START-005"),
    "expect-continue": ("WSGI-HTTP", "FRAME"),
    "error-handling": ("WSGI-EXC", "WSGI-ITER", "WSGI-START", "WSGI-HTTP"),
}


@dataclass(frozen=True)
class Launch:
    """One server as it is to be judged; several bugs may share it."""

    pins: tuple[str, ...]
    python: str
    interface: str
    server: str
    env: tuple[tuple[str, str], ...] = ()

    def key(self) -> str:
        """Return the name of its kept report."""
        text = json.dumps([self.pins, self.python, self.interface, self.server, self.env])
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def __str__(self) -> str:
        """Name it in messages."""
        return f"{self.server} with {(*self.pins, 'nothing')[0]} on {self.python}"


@dataclass
class Result:
    """What a run said: verdict and what was seen, by requirement; or why there is none."""

    verdicts: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def launch_of(bug: Mapping[str, Any], which: str) -> Launch:
    """Return how a bug's server is launched; `which` is affected or fixed."""
    name, given = bug.get("launcher") or bug["server"], bug.get("options") or {}
    pins, python = tuple(bug.get(which, ())), bug.get(f"python_{which}") or bug["python"]
    if "launcher" not in bug:
        return Launch(pins, python, "asgi", shlex.join([ASGI.get(name, name), *given]))
    if name not in WSGI:
        raise SystemExit(f"{bug['id']}: no profile for the launcher {name!r}; known are {', '.join(WSGI)}")
    profile, style = WSGI[name]
    given = dict(given)
    env = {key: value for key, value in given.pop("env", {}).items() if key != "SCRIPT_NAME"}
    if name == "uwsgi":
        kind = "uwsgi-http" if given.pop("http", False) else profile
        profile = "pyuwsgi" if any(pin.startswith("pyuwsgi") for pin in pins) else kind
    given.pop("scope_null", None)  # what a unix socket leaves unknown: a variant
    scope = {key: value for key, value in given.pop("scope", {}).items() if key != "root_path"}
    words = [profile, *([f"--scope={json.dumps(scope)}"] if scope else [])]
    for option, value in given.items():
        spelled = "--" + option.replace("_", "-")
        if spelled[2:] in VARIANTS:
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        if style == "pair":
            words.append(f"{spelled}={text}")
        else:
            words += [spelled] if value is True else [spelled, text]
    return Launch(pins, python, "wsgi", shlex.join(words), tuple(env.items()))


def sources() -> str:
    """Return the digest of everything that decides a verdict."""
    digest = hashlib.sha256()
    for folder in ("src/gateproof", "suites", "reference_apps"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml"):
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class Kept:
    """The reports that were made before."""

    def __init__(self, again: bool, stale: bool, suites: Sequence[str] = ()) -> None:
        """Remember how old a report may be; `again` makes each anew. Reports of a part of the suites are kept apart."""
        self.folder = cache_folder().parent / "history"
        self.folder.mkdir(parents=True, exist_ok=True)
        part = "".join("-" + suite.strip("/").replace("/", "_") for suite in suites)
        self.now, self.again, self.stale = sources() + part, again, stale

    def path(self, launch: Launch) -> Path:
        """Return the file of a report of the present sources."""
        return self.folder / f"{launch.key()}-{self.now}.json"

    def get(self, launch: Launch) -> Result | None:
        """Return a report that may be used."""
        if self.again:
            return None
        every = self.folder.glob(f"{launch.key()}-*.json") if self.stale else ()
        old = sorted(every, key=lambda path: path.stat().st_mtime)
        for path in (self.path(launch), *reversed(old)):
            if path.is_file():
                return Result(**json.loads(path.read_text(encoding="utf-8")))
        return None

    def put(self, launch: Launch, result: Result) -> None:
        """Keep a report, whole or not at all."""
        path = self.path(launch)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(vars(result)), encoding="utf-8")
        part.replace(path)


def judge(launch: Launch, kept: Kept, suites: Sequence[str] = ()) -> Result:
    """Judge one server, or take the report that is kept."""
    found = kept.get(launch)
    if found is None:
        print(f"... {launch}", file=sys.stderr, flush=True)
        found = _run(launch, suites)
        kept.put(launch, found)
    return found


def _run(launch: Launch, suites: Sequence[str]) -> Result:
    try:
        python = environment(launch.pins, launch.python)
    except EnvironmentProblem as problem:
        return Result(problem=f"environment: {problem}")
    words = [sys.executable, f"--server={launch.server}", f"--server-python={python}"]
    words += [f"--interface={launch.interface}", *suites]
    if _has("pytest_randomly"):
        words += ["-p", "no:randomly"]
    return reported(words, {**os.environ, **dict(launch.env)})


def reported(words: Sequence[str], environ: Mapping[str, str], limit_s: float = RUN_S) -> Result:
    """Return what a run of pytest says; `words` are an interpreter and options."""
    with tempfile.TemporaryDirectory(prefix="gateproof-history-") as folder:
        command = [words[0], "-m", "pytest", *words[1:], f"--report={folder}", "-q", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=limit_s, check=False
            )
        except subprocess.TimeoutExpired:
            return Result(problem=f"no end after {limit_s} s")
        report = Path(folder) / "report.json"
        if done.returncode not in (0, 1, 3) or not report.is_file():
            return Result(problem=f"exit status {done.returncode}: {done.stdout[-1500:]}{done.stderr[-500:]}")
        return _read(json.loads(report.read_text(encoding="utf-8")))


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def _read(report: Mapping[str, Any]) -> Result:
    verdicts, seen = {}, {}
    for name, entry in report["requirements"].items():
        verdicts[name] = entry["verdict"]
        told = [check for check in entry["checks"] if check["verdict"] == entry["verdict"]]
        seen[name] = str(told[0].get("seen") or told[0].get("reason") or "")[:300] if told else ""
    if not JUDGED & set(verdicts.values()):
        return Result(problem=f"nothing was judged: {'; '.join(report['suite']['problems'])[-1500:]}")
    return Result(verdicts, seen)


@dataclass(frozen=True)
class Finding:
    """What the comparison of both versions gave for one bug."""

    bug: Mapping[str, Any]
    by: tuple[str, ...]
    gained: tuple[str, ...]
    problem: str = ""

    @property
    def right(self) -> tuple[str, ...]:
        """The requirements that are about bugs of this category."""
        prefixes = RIGHT.get(self.bug["category"], ("",)) if "launcher" in self.bug else ("",)
        return tuple(name for name in self.by if name.startswith(prefixes))


def compare(bug: Mapping[str, Any], affected: Result, fixed: Result) -> Finding:
    """Say which requirements tell the affected version from the fixed one."""
    problem = "; ".join(
        f"{which}: {result.problem}" for which, result in (("affected", affected), ("fixed", fixed)) if result.problem
    )
    if problem:
        return Finding(bug, (), (), problem)
    bad = {name for name, verdict in affected.verdicts.items() if verdict in BAD}
    still = {name for name, verdict in fixed.verdicts.items() if verdict in BAD}
    return Finding(bug, tuple(sorted(bad - still)), tuple(sorted(still - bad)))


def show(findings: list[Finding], results: Mapping[Launch, Result], detail: bool) -> None:
    """Print the table, the misses, and the figure for each strength."""
    for finding in findings:
        bug = finding.bug
        mark = "found" if finding.right else "found?" if finding.by else "MISSED"
        named = finding.right or finding.by
        told = " ".join(named[:8]) + (f" +{len(named) - 8}" if len(named) > 8 else "")
        print(f"{mark:<7}{bug['strength']:<9}{bug['id']:<48} {told or finding.problem[:300]}")
        if detail:
            result = results[launch_of(bug, "affected")]
            print(f"         bug: {bug['requirement']} | {bug['saw_affected'][:160]}")
            for name in named:
                print(f"         {name} {result.verdicts[name]}: {result.seen[name][:220]}")
            if finding.gained:
                print(f"         only on the fixed version: {' '.join(finding.gained)}")
    print()
    strengths = dict.fromkeys(finding.bug["strength"] for finding in findings)
    for strength in strengths:
        causes: dict[str, bool] = {}
        for finding in findings:
            if finding.bug["strength"] == strength:
                cause = finding.bug.get("cause") or finding.bug["reference"]
                causes[cause] = causes.get(cause, False) or bool(finding.right)
        got = sum(causes.values())
        print(f"{strength:<9} {got} of {len(causes)} causes found ({100 * got / len(causes):.0f} %)")


def main() -> None:
    """Judge every version that the file names and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="servers that are judged at the same time")
    parser.add_argument("--only", default="", help="only bugs whose id has this text")
    parser.add_argument("--again", action="store_true", help="take no report that is kept")
    parser.add_argument("--keep-stale", action="store_true", help="take reports that older sources made")
    parser.add_argument("--suites", nargs="*", default=[], help="judge by a part of the suites: suites/frame")
    parser.add_argument("--detail", action="store_true", help="print what was seen")
    given = parser.parse_args()
    bugs = [b for b in tomllib.loads(given.file.read_text(encoding="utf-8"))["bug"] if given.only in b["id"]]
    kept = Kept(given.again, given.keep_stale, given.suites)
    launches = list(dict.fromkeys(launch_of(bug, which) for bug in bugs for which in ("affected", "fixed")))
    with ThreadPoolExecutor(max_workers=given.jobs) as pool:
        results = dict(zip(launches, pool.map(lambda launch: judge(launch, kept, given.suites), launches), strict=True))
    findings = [compare(bug, results[launch_of(bug, "affected")], results[launch_of(bug, "fixed")]) for bug in bugs]
    show(findings, results, given.detail)


if __name__ == "__main__":
    main()

"""Whatever is wrong with input, target or the way between: one clear message, the right status, no traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from tests.running import SERVER, clean, lives, project_server, report_of, run

pytestmark = pytest.mark.servers

# What a server of these tests begins with: the application it hosts, and the port it listens on.
HOST = """
import importlib, os, signal, socket, socketserver, sys, threading, time
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
sys.path.insert(0, os.getcwd())
module, _, name = sys.argv[1].partition(":")
module = importlib.import_module(module)
app, port = getattr(module, name), int(sys.argv[2])

class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass

def serve(app):
    server = WSGIServer(("127.0.0.1", port), Quiet)
    server.set_app(app)
    server.serve_forever()
"""
ENVIRON = "builtin_dict or version_and_scheme or of_its_own or never_empty"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--server=waitres"], ["unknown server 'waitres'", "did you mean waitress?"]),
        (["--server="], ["--server needs a name"]),
        (["--server='waitress"], ["cannot be split into words"]),
        ([SERVER, "--effort=quik"], ["--effort", "invalid choice: 'quik'", "thorough"]),
        ([SERVER, "--fail-on=inform"], ["--fail-on", "invalid choice: 'inform'"]),
        ([SERVER, "--interface=asgi"], ["reference-wsgi is for wsgi, not for asgi"]),
        ([SERVER, "--server-python=/nowhere/python"], ["/nowhere/python does not exist", "--server-python"]),
        ([SERVER, "--app=x:y"], ["--server and --app name two targets"]),
        ([SERVER, "--baseline=none.toml"], ["none.toml", "cannot be read", "--baseline"]),
        ([SERVER, "--baseline=broken.toml"], ["broken.toml", "not valid TOML"]),
        ([SERVER, "--baseline=reasonless.toml"], ["reasonless.toml, entry 1", "`reason` is missing"]),
        ([SERVER, "--baseline=strange.toml"], ["strange.toml, entry 1", "unknown key 'severity'"]),
        ([SERVER, "--baseline=dated.toml"], ["dated.toml, entry 1", "isoformat"]),
    ],
)
def test_wrong_usage(tmp_path: Path, options: list[str], words: list[str]) -> None:
    """Status 4 and a message that says what, where and how to mend it."""
    entry = "[[known]]\nrequirement = 'WSGI-ENV-001'\n"
    (tmp_path / "broken.toml").write_text("[[known]\n")
    (tmp_path / "reasonless.toml").write_text(entry)
    (tmp_path / "strange.toml").write_text(entry + "reason = 'x'\nseverity = 1\n")
    (tmp_path / "dated.toml").write_text(entry + "reason = 'x'\nexpires = 'soon'\n")
    done = run(tmp_path, *options)
    assert done.returncode == 4, done.stdout + done.stderr
    assert clean(done)
    for word in words:
        assert word in done.stderr


def test_an_entry_of_a_baseline_that_matches_nothing(tmp_path: Path) -> None:
    """The run is made, and ends with status 1: the baseline is not what it says."""
    (tmp_path / "b.toml").write_text("[[known]]\nrequirement = 'WSGI-NOPE-001'\nreason = 'x'\n")
    done = run(tmp_path, SERVER, "-k", "version_and_scheme", "--baseline=b.toml")
    assert done.returncode == 1
    assert "unmatched entry WSGI-NOPE-001" in done.stdout


def test_a_check_of_a_requirement_that_does_not_exist(tmp_path: Path) -> None:
    """The check and the nearest id are named, before anything starts."""
    code = """
import gateproof.check
right = gateproof.check.requirement
def requirement(*ids, **options):
    return right(*(name.replace("WSGI-CALL-001", "WSGI-CALL-0001") for name in ids), **options)
gateproof.check.requirement = requirement
"""
    (tmp_path / "mistake.py").write_text(code)
    done = run(tmp_path, "-p", "mistake", SERVER, "-k", "version_and_scheme")
    assert done.returncode == 4, done.stdout
    assert clean(done)
    assert "test_two_positional_arguments judges WSGI-CALL-0001, which is no requirement here" in done.stdout
    assert "did you mean WSGI-CALL-001?" in done.stdout


# -- servers that do not start


@pytest.mark.parametrize(
    ("code", "ready", "words"),
    [
        ("raise SystemExit(7)", 20.0, "exit status 7"),
        ("import nowhere_to_be_found", 20.0, "No module named 'nowhere_to_be_found'"),
        ("import time\ntime.sleep(60)", 0.5, "did not answer within 0.5 s"),
        ("raise SystemExit('OSError: [Errno 98] Address already in use')", 20.0, "Address already in use"),
        (HOST + "serve(lambda e, s: (s('200 OK', []), [b'I am not the probe'])[1])", 0.5, "did not answer within"),
    ],
    ids=["exits", "app-cannot-be-imported", "never-answers", "port-taken", "somebody-else"],
)
def test_a_server_that_does_not_start(tmp_path: Path, code: str, ready: float, words: str) -> None:
    """Status 3, its command and the end of its log; no check is tried."""
    server = project_server(tmp_path, code, ready)
    done = run(tmp_path, server, "-k", ENVIRON)
    assert done.returncode == 3, done.stdout
    assert clean(done) or words.startswith("No module")  # the server's own traceback is its log
    assert "INTERNALERROR" not in done.stdout
    assert "could not be started" in done.stdout
    assert words in done.stdout
    assert "server.py" in done.stdout


def test_a_port_that_is_taken_once_is_tried_again(tmp_path: Path) -> None:
    """Somebody took the port between our look and the launch: another one is chosen."""
    once = (
        "import pathlib, sys\nseen = pathlib.Path(__file__).with_name('seen')\n"
        "if not seen.exists():\n    seen.touch()\n    sys.exit('OSError: [Errno 98] Address already in use')\n"
    )
    server = project_server(tmp_path, once + HOST + "serve(app)")
    done = run(tmp_path, server, "-k", "version_and_scheme")
    assert done.returncode == 0, done.stdout


# -- servers that go wrong in the middle


def test_a_server_that_dies(tmp_path: Path) -> None:
    """Its death is told at the exchange that caused it; it is started anew, and the checks after it are judged."""
    code = """
def mortal(environ, start_response):
    if environ["REQUEST_METHOD"] == "DELETE" and not os.path.exists(grave):
        open(grave, "w").close()
        print("these were my last words", flush=True)
        os._exit(9)
    return app(environ, start_response)
grave = os.path.join(os.path.dirname(__file__), "grave")
serve(mortal)
"""
    server = project_server(tmp_path, HOST + code)
    for _ in range(3):
        (tmp_path / "grave").unlink(missing_ok=True)
        done = run(tmp_path, server, "-k", "never_empty or version_and_scheme or the_keys_of", "--report=out")
        assert clean(done)
        report = report_of(tmp_path)
        dead = [x for x in report["exchanges"].values() if x["outcome"] == "the server died (exit status 9)"]
        assert [x["request"]["text"].partition(" ")[0] for x in dead] == ["DELETE"]
        (told,) = report["suite"]["problems"]
        assert "never_empty: the server died (exit status 9) at 'DELETE / HTTP/1.1'" in told
        assert told.endswith("its log ends with:\nthese were my last words")
        assert "these were my last words" in report["launches"][0]["earlier"][0]["log_tail"]
        assert "DELETE" in report["requirements"]["WSGI-ENV-004"]["reason"]
    assert report["requirements"]["WSGI-ENV-023"]["verdict"] == "pass"
    assert report["requirements"]["WSGI-ENV-026"]["verdict"] == "pass"


def test_a_server_that_falls_silent_for_ever(tmp_path: Path) -> None:
    """It is started anew a few times, then given up: it costs its deadlines, not the run."""
    code = """
def mute(environ, start_response):
    if "HTTP_GATEPROOF_ID" in environ and calls.append(1) is None and len(calls) > 1:
        threading.Event().wait()
    return app(environ, start_response)
calls = []
serve(mute)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", ENVIRON, "--report=out", timeout=100)
    assert done.returncode in (0, 1, 3), done.stdout
    assert clean(done)
    assert any("answered nobody" in problem for problem in report_of(tmp_path)["suite"]["problems"])


def test_a_server_whose_first_answer_is_late(tmp_path: Path) -> None:
    """A machine may leave one thread standing while others answer: that is not repeated, and so gets its time."""
    code = """
def slow(environ, start_response):
    if "HTTP_GATEPROOF_ID" in environ and calls.append(1) is None and len(calls) == 1:
        threading.Event().wait(0.8)
    return app(environ, start_response)
calls = []
WSGIServer = type("Threading", (socketserver.ThreadingMixIn, WSGIServer), {"daemon_threads": True})
serve(slow)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", "version_and_scheme")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "octets",
    ["b'HTTP/1.1 200 OK\\r\\n', b'X-A: b\\r\\n' * 4096", "b'HTTP/1.1 200 OK\\r\\n\\r\\n', b'x' * 65536"],
    ids=["header", "body"],
)
def test_a_response_without_end(tmp_path: Path, octets: str) -> None:
    """It is cut off; memory and time stay bounded, and the run goes on."""
    code = f"""
first, again = {octets}
def endless(sock):
    try:
        sock.sendall(first)
        while True:
            sock.sendall(again)
    except OSError:
        sock.close()

class Handler(Quiet):
    def handle(self):
        if b"Gateproof-Id" in self.request.recv(65536, socket.MSG_PEEK) and calls.append(1) is None and len(calls) > 1:
            endless(self.request)
        else:
            super().handle()
calls = []
server = WSGIServer(("127.0.0.1", port), Handler)
server.set_app(app)
server.serve_forever()
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", "builtin_dict", "--report=out", timeout=60)
    assert clean(done)
    assert "did not answer in time" in done.stdout or report_of(tmp_path)["totals"]["blocked"] == 1
    assert (tmp_path / "out" / "report.json").stat().st_size < 2_000_000


def test_a_server_that_prints_without_end(tmp_path: Path) -> None:
    """A hundred megabytes in the middle of a run are drained; a bounded part is kept."""
    code = """
def chatter():
    for _ in range(100):
        sys.stdout.write("x" * 999_999 + "\\n")
threading.Thread(target=chatter, daemon=True).start()
serve(app)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", ENVIRON, "--report=out")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "out" / "report.json").stat().st_size < 2_000_000


def test_a_worker_that_forks_and_never_dies(tmp_path: Path) -> None:
    """It ignores the signal, in a session of its own: nothing is left when the run has ended."""
    code = """
if not os.fork():
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(os.path.join(os.path.dirname(__file__), "worker"), "w").write(str(os.getpid()))
    time.sleep(600)
serve(app)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", "version_and_scheme")
    assert done.returncode == 0, done.stdout
    worker = int((tmp_path / "worker").read_text())
    assert not lives(worker)


# -- the way between


def test_a_side_channel_that_is_cut(tmp_path: Path) -> None:
    """The probe makes another; what the check said in between is taken back, and the next ones are judged."""
    code = """
def cutting(environ, start_response):
    if "HTTP_GATEPROOF_ID" in environ and calls.append(1) is None and len(calls) == 3:
        link = module.app_instance.link()
        link.sock.shutdown(socket.SHUT_RDWR)
    return app(environ, start_response)
calls = []
serve(cutting)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", ENVIRON, "--report=out")
    assert done.returncode == 3, done.stdout
    assert clean(done)
    report = report_of(tmp_path)
    assert report["totals"]["error"] >= 1
    assert report["totals"]["fail"] == report["totals"]["warn"] == 0
    assert any("was cut" in problem for problem in report["suite"]["problems"])
    assert report["totals"]["pass"] >= 2


def test_a_journal_with_a_gap(tmp_path: Path) -> None:
    """What was lost could have said anything: an error of ours, never a failure of the server."""
    code = """
def losing(environ, start_response):
    if "HTTP_GATEPROOF_ID" in environ and calls.append(1) is None and len(calls) == 3:
        module.app_instance.link().seq += 1
    return app(environ, start_response)
calls = []
serve(losing)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", ENVIRON, "--report=out")
    assert done.returncode == 3, done.stdout
    report = report_of(tmp_path)
    assert any("journal gap" in problem for problem in report["suite"]["problems"])
    assert report["totals"]["fail"] == 0


# An ASGI server, which serves the probe until it is told to stop, and what stands between it and the probe.
ASGI_HOST = """
import importlib, os, socket, sys
from gateproof.reference.asgi import Server
sys.path.insert(0, os.getcwd())
module, _, name = sys.argv[1].partition(":")
module = importlib.import_module(module)
app, port, calls = getattr(module, name), int(sys.argv[2]), []

async def between(scope, receive, send):
    marked = scope["type"] == "http" and any(name == b"gateproof-id" for name, _ in scope["headers"])
    if marked and calls.append(1) is None and len(calls) == 3:
        spoil(module.app_instance.link())
    await app(scope, receive, send)
"""
SCOPES = "test_headers or test_method or scope_of_every_kind or query_string or root_path"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [("link.sock.shutdown(socket.SHUT_RDWR)", "was cut"), ("link.seq += 1", "journal gap")],
    ids=["cut", "gap"],
)
def test_a_side_channel_that_loses_something_of_asgi(tmp_path: Path, spoil: str, words: str) -> None:
    """The same of the other probe: an error of ours, and what comes behind it is judged."""
    code = f"def spoil(link):\n    {spoil}\n\nServer(between, '127.0.0.1', port).serve_alone()\n"
    server = project_server(tmp_path, ASGI_HOST + code, interface="asgi")
    done = run(tmp_path, server, "-k", SCOPES, "--report=out")
    assert done.returncode == 3, done.stdout
    assert clean(done)
    report = report_of(tmp_path)
    assert report["totals"]["error"] >= 1
    assert report["totals"]["fail"] == report["totals"]["warn"] == 0
    assert any(words in problem for problem in report["suite"]["problems"])
    assert report["totals"]["pass"] >= 2


def test_a_server_that_lives_on_when_it_has_shut_down(tmp_path: Path) -> None:
    """Its lifespan ends, its process does not: the run comes to its end all the same, and leaves none behind."""
    code = """
import time
class Lasting(Server):
    def serve_alone(self):
        super().serve_alone()
        time.sleep(300)

Lasting(app, "127.0.0.1", port).serve_alone()
"""
    server = project_server(tmp_path, ASGI_HOST + code, interface="asgi")
    done = run(tmp_path, server, "-k", SCOPES, "--report=out")
    assert done.returncode == 0, done.stdout
    assert clean(done)
    assert report_of(tmp_path)["totals"]["pass"] >= 5
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(one.info["cmdline"] or [])]


def test_an_application_cannot_be_imported_by_the_server(tmp_path: Path) -> None:
    """A path that hides the probe: the message ends with what the server said of it."""
    server = project_server(tmp_path, "import sys\nsys.path[:] = []\nimport wsgi_probe\n")
    done = run(tmp_path, server, "-k", "version_and_scheme")
    assert done.returncode == 3
    assert "wsgi_probe" in done.stdout
    assert sys.executable.rpartition("/")[2] in done.stdout

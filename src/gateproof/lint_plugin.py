"""The linter in pytest: the fixture `gateproof_lint`, and the option that puts named applications under observation.

Nothing here registers itself; the plugin hooks it in. What it needs is imported when it is used.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import pytest

    from gateproof.lint import Findings

DEST = "gateproof_lint_apps"
hookimpl = pluggy.HookimplMarker("pytest")


def configure(config: pytest.Config) -> None:
    """Put the named applications under observation, before any test module is imported."""
    named = config.getoption(DEST, default=None)
    if named:
        from gateproof.inprocess import reach

        reach(config.rootpath)
        config.pluginmanager.register(LintApps(named), "gateproof-lint-apps")


def gateproof_lint() -> Iterator[Callable[..., Any]]:
    """Fixture: a function that lints an application like `gateproof.lint`; the test fails for what was found in it.

    Its mode is `collect`, so that nothing interferes with the calls; what warns is a `LintWarning` at the end.
    """
    from gateproof.lint import lint

    made: list[Any] = []

    def put(app: Any, **options: Any) -> Any:
        linted = lint(app, **{"mode": "collect", **options})
        made.append(linted)
        return linted

    yield put
    _show([finding for linted in made for finding in linted._report.since(0)])


def _show(findings: list[Any]) -> None:
    """Warn for what warns, and fail for what fails."""
    import warnings

    from gateproof.lint import LintError, LintWarning

    failures = [finding for finding in findings if finding.weight == "fail"]
    for finding in findings:
        if finding.weight != "fail":
            warnings.warn(LintWarning(str(finding)), stacklevel=2)
    if failures:
        raise LintError(*failures)


class LintApps:
    """The plugin of a run with `--lint-apps`: each test fails for what its calls of the applications break."""

    def __init__(self, named: str) -> None:
        """Import and wrap the applications; raises `pytest.UsageError` where one is not there."""
        from gateproof.lint import Findings

        self.named = [name.strip() for name in named.split(",") if name.strip()]
        self.found = Findings("collect", "application")
        self.mark = 0
        for name in self.named:
            try:
                install(name, self.found)
            except (ImportError, AttributeError, ValueError) as error:
                import pytest

                raise pytest.UsageError(f"--lint-apps: {name}: {error}") from error

    def pytest_report_header(self) -> str:
        """Say what is linted."""
        return f"gateproof: linting {', '.join(self.named)}"

    @hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail the test for what was found until its end; one that fails anyway gets a section."""
        try:
            result = yield
        except BaseException:
            self._add_section(item, "call")
            raise
        self._check()
        return result

    @hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail the teardown for what was found in it."""
        try:
            result = yield
        except BaseException:
            self._add_section(item, "teardown")
            raise
        self._check()
        return result

    def _new(self) -> list[Any]:
        mark, self.mark = self.mark, len(self.found.kept)
        return self.found.since(mark)

    def _check(self) -> None:
        _show(self._new())

    def _add_section(self, item: pytest.Item, when: str) -> None:
        found = self._new()
        if found:
            item.add_report_section(when, "gateproof", "\n".join(map(str, found)))


def install(name: str, report: Findings) -> None:
    """Put `module:attribute` or `module:factory()` under observation in place, wherever a module has it.

    Raises ImportError, AttributeError or ValueError.
    """
    module_name, _, path = name.partition(":")
    if not path:
        raise ValueError("expected module:attribute")
    module = importlib.import_module(module_name)
    factory = path.endswith("()")
    target: Any = functools.reduce(getattr, path.removesuffix("()").split("."), module)
    if factory:
        _replace(target, _observed_factory(target, report))
        return
    observed = observe_in_place(target, report)
    if observed is not target:
        _replace(target, observed)


def _observed_factory(factory: Callable[..., Any], report: Findings) -> Callable[..., Any]:
    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Any:
        return observe_in_place(factory(*args, **kwargs), report)

    return make


def observe_in_place(app: Any, report: Findings) -> Any:
    """Observe an application under its own identity where that is possible, else return a stand-in for it.

    An instance gets a subclass of its class, so that `isinstance`, its attributes and what it hands out of itself
    (`app.test_client()`) go on working.
    """
    from gateproof.lint import LintedASGI, LintedWSGI, detect

    interface = detect(app)
    if inspect.isroutine(app) or inspect.isclass(app):
        made = LintedASGI if interface == "asgi" else LintedWSGI
        return functools.update_wrapper(made(app, report, False), app)
    cls = type(app)
    body = {"__call__": _calls(cls, interface, report), "__slots__": (), "__module__": cls.__module__}
    observed = types.new_class(cls.__name__, (cls,), exec_body=lambda namespace: namespace.update(body))
    observed.__qualname__ = cls.__qualname__
    try:
        app.__class__ = observed
    except TypeError:
        return (LintedASGI if interface == "asgi" else LintedWSGI)(app, report, False)
    _observe_django(app, report)
    return app


def _calls(cls: type, interface: str, report: Findings) -> Callable[..., Any]:
    """Return the method that observes a call of an instance of `cls`."""
    from gateproof.validate import asgi, wsgi

    plain: Any = cls.__call__

    if interface == "wsgi":

        @functools.wraps(plain)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return wsgi.run(functools.partial(plain, self), args, kwargs, report)

        return call

    @functools.wraps(plain)
    async def call_async(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        return await asgi.run(functools.partial(plain, self), (scope, receive, send), {}, report)

    return call_async


def _replace(old: object, new: object) -> None:
    """Put `new` where the global of any module is `old`: tests may have imported it already."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict) and module is not sys.modules[__name__]:
            for key in [key for key, value in list(names.items()) if value is old]:
                names[key] = new


def _observe_django(app: Any, report: Findings) -> None:
    """Observe Django's test clients too, which do not call the application but handlers of their own."""
    for module, kind, handler, observed in (
        ("django.core.handlers.wsgi", "WSGIHandler", "ClientHandler", _observed_client),
        ("django.core.handlers.asgi", "ASGIHandler", "AsyncClientHandler", _observed_async_client),
    ):
        if module in sys.modules and isinstance(app, getattr(sys.modules[module], kind)):
            client: Any = getattr(importlib.import_module("django.test.client"), handler)
            if not hasattr(client.__call__, "__wrapped__"):
                client.__call__ = observed(client.__call__, report)


def _observed_client(plain: Any, report: Findings) -> Callable[..., Any]:
    """Return the method of the client's handler with a WSGI call around it; a streamed body belongs to the test."""
    from gateproof.validate import wsgi

    @functools.wraps(plain)
    def call(self: Any, environ: dict[str, Any]) -> Any:
        responses: list[Any] = []

        def app_of_the_client(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            response = plain(self, environ)
            responses.append(response)
            start_response(f"{response.status_code} {response.reason_phrase}", _django_fields(response))
            return [] if response.streaming else [response.content]

        wsgi.run(app_of_the_client, (environ, lambda *args: lambda data: None), {}, report)
        return responses[0]

    return call


def _observed_async_client(plain: Any, report: Findings) -> Callable[..., Any]:
    """Return the method of the asynchronous client's handler with an ASGI call around it."""
    from gateproof.validate import asgi

    async def nothing(*events: Any) -> Any:
        """Take an event; the handler has the body of the request in its scope, and receives nothing."""

    @functools.wraps(plain)
    async def call(self: Any, scope: dict[str, Any]) -> Any:
        responses: list[Any] = []

        async def app_of_the_client(scope: Any, receive: Any, send: Any) -> None:
            response = await plain(self, scope)
            responses.append(response)
            fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in _django_fields(response)]
            await send({"type": "http.response.start", "status": response.status_code, "headers": fields})
            body = b"" if response.streaming else response.content
            await send({"type": "http.response.body", "body": body})

        await asgi.run(app_of_the_client, (scope, nothing, nothing), {}, report)
        return responses[0]

    return call


def _django_fields(response: Any) -> list[tuple[str, str]]:
    """Return the fields of a response as Django's handlers give them to a server."""
    fields = [*response.items(), *(("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values())]
    if response.streaming:  # nothing of its body is seen
        fields = [pair for pair in fields if pair[0].lower() != "content-length"]
    return fields

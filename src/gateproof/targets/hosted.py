"""An application or middleware: imported, and called by us in the place of its server."""

from __future__ import annotations

import platform
import shlex
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gateproof.settings import TargetError
from gateproof.targets import JsonDict, Target
from gateproof.verdicts import Exit

if TYPE_CHECKING:
    from gateproof.check import CheckInfo
    from gateproof.inprocess import Handle as InProcess
    from gateproof.inprocess import Played, Subject
    from gateproof.targets import Handle


class Hosted(Target):
    """An application or middleware in our own process."""

    subject: Subject | None = None
    handle: InProcess | None = None

    @property
    def party(self) -> str:
        """The party whose requirements bind it: an adapter is judged by what it is called as."""
        return self.subject.judged_as if self.subject else self.settings.party

    def resolve(self, overridden: bool = False) -> None:
        """Import what was named."""
        from gateproof import asgi2, inprocess, servers

        given = self.settings
        if given.loop == "trio" and find_spec("trio") is None:
            raise servers.UsageError("--app-loop=trio needs trio: pip install 'gateproof[trio]'")
        try:
            if given.app is not None:
                self.subject = inprocess.application(
                    given.app,
                    rootdir=given.rootdir,
                    interface=given.interface,
                    loop=given.loop,
                )
            else:
                name = given.middleware or ""
                self.subject = inprocess.middleware(
                    name, rootdir=given.rootdir, interface=given.interface, loop=given.loop
                )
            self.subject.paths = self._paths()
            self.interface = self.subject.interface
            self._needs_its_loop(self.subject)
            if self.subject.legacy:
                self.warnings.append(f"gateproof: {asgi2.TOLD}")
        except servers.UsageError:
            if not overridden:
                raise
            self.interface = given.interface or "asgi"

    def _paths(self) -> tuple[str, ...]:
        """Return the words of --app-paths; a file stands for the operations of its document."""
        from gateproof import inprocess, servers
        from gateproof.drive import paths

        given = self.settings
        try:
            return paths.spelt(inprocess.words_of(given.app_paths), (Path.cwd(), given.rootdir))
        except (ValueError, OSError) as error:
            raise servers.UsageError(f"--app-paths={given.app_paths}: {error}") from error

    def _needs_its_loop(self, subject: Subject) -> None:
        """Refuse an event loop for what is called in none."""
        from gateproof import servers

        if self.settings.app_loop and subject.interface == "wsgi":
            raise servers.UsageError(f"--app-loop={self.settings.app_loop}: WSGI knows of no event loop")

    def about(self) -> tuple[str, str]:
        """Return its name with that of its distribution, and our own interpreter."""
        if self.subject is None:
            return self.settings.named, f"Python {platform.python_version()}"
        found = " ".join(self.subject.about())
        return f"{self.subject.name}{f' ({found})' if found.strip() else ''}", f"Python {platform.python_version()}"

    def start(self, variants: Iterable[str] = (), override: object = None) -> None:
        """Make it ready; what a fixture gives stands in for what was named."""
        from gateproof import drive

        fixture = "gateproof_app" if self.settings.app is not None else "gateproof_middleware"
        if override is not None:
            self.subject = self._given(override)
        if self.subject is None:
            raise TargetError(f"the fixture {fixture} gives nothing for {self.settings.named!r}", Exit.USAGE)
        if self.subject.interface != self.interface:
            hint = f"say --interface={self.subject.interface}"
            raise TargetError(f"the fixture {fixture} gives a target for {self.subject.interface}; {hint}", Exit.USAGE)
        self.version, self.python = self.subject.about()[1], f"CPython {platform.python_version()}"
        self.handle = drive.handle(self.subject)
        self.handle.start()

    def _given(self, override: object) -> Subject:
        """Return what a fixture gave, as a subject."""
        from gateproof import inprocess, servers

        given = self.settings
        try:
            if isinstance(override, str):
                load = inprocess.application if given.app is not None else inprocess.middleware
                subject = load(override, rootdir=given.rootdir, interface=given.interface, loop=given.loop)
            else:
                make = inprocess.as_application if given.app is not None else inprocess.as_middleware
                subject = make(given.named, override, given.interface, loop=given.loop)
            self._needs_its_loop(subject)
            subject.paths = self._paths()
        except servers.UsageError as error:
            raise TargetError(str(error), Exit.USAGE) from error
        return subject

    def ready(self, check: CheckInfo) -> tuple[dict[str, object], Handle]:
        """Return the driver under the name by which checks of this party ask for it."""
        from gateproof import drive

        assert self.subject is not None
        assert self.handle is not None
        return {drive.fixture(self.subject): self.handle}, self.handle

    def replay(self, key: str, kept: JsonDict) -> str:
        """Return the line that plays a call again, and what the application inside middleware did; or a whole check."""
        from gateproof import drive

        adapter = self.subject is not None and self.subject.adapter
        words = ["gateproof", "replay", f"{self.settings.place}#{key[:12]}"]
        if adapter and self.handle is not None:  # a check stands inside it: that is run again
            words = ["pytest", "-k", f"test_{self.handle.check.rpartition('/')[2]}"]
        elif not drive.driver(self.interface).replayable(kept):
            return ""
        named = self.settings
        words.append(f"--app={named.app}" if named.app is not None else f"--middleware={named.middleware}")
        if named.app_loop:
            words.append(f"--app-loop={named.app_loop}")
        if self.settings.interface:
            words.append(f"--interface={self.interface}")
        return shlex.join(words)

    def again(self, kept: JsonDict) -> Played:
        """Call the target again as it was called."""
        from gateproof import drive

        driver = drive.driver(self.interface)
        if not driver.replayable(kept):
            why = "this exchange cannot be played again: a check took part in it, or gave what is no data"
            raise TargetError(why, Exit.USAGE)
        played: Played = driver.replay(self.handle, kept)
        return played

    @contextmanager
    def around(self) -> Iterator[None]:
        """Keep what the host makes of warnings from the target, which must not see them raised."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    def stop(self) -> None:
        """End whatever still runs."""
        if self.handle is not None:
            self.handle.stop()
            self.waited_s = self.handle.waited_s

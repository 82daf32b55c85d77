"""Where a check wants many cases: a corpus that ships, then draws by Hypothesis, as many as the effort says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gateproof.judge import Broken, Judge
from gateproof.smaller import TRIES, smaller

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
EXAMPLES = {"quick": 0, "default": 25, "thorough": 400}
# Of a case that is dear `thorough` draws so many times more than `default`, as long as they take no longer than this.
DEARER, DEAR_S = 16, 1.0
SEED = 0  # of every draw at default effort: a verdict depends on no luck, and on no line of our own code


@dataclass
class Draw:
    """Plays a law over cases. `effort` is quick (corpus alone), default (fixed draws) or thorough (fresh draws).

    `frozen` takes the cases of a corpus and returns those that a frozen set holds; then these alone are played.
    `shrinks` tries smaller cases in place of one of a corpus that fails (see `gateproof.smaller`).
    """

    judge: Judge
    effort: str = "default"
    fell_silent: Callable[[], bool] = bool
    name: str = ""
    frozen: Callable[[list[Any]], list[Any]] | None = None
    shrinks: bool = False
    draws: int = 0

    def __call__(
        self,
        law: Callable[[T], object],
        strategy: SearchStrategy[T] | None = None,
        corpus: Iterable[T] = (),
        *,
        examples: int | None = None,
        rounds: int = 1,
    ) -> None:
        """Call `law` with each case of the corpus and then with drawn ones; the first broken case ends the draw.

        `examples` lowers the number of draws where one case is dear, that of `thorough` in proportion; `rounds` begins
        anew so many times, at default effort, where it is cheap. The case that is reported is the smallest one.
        """
        self.judge.in_law = True
        try:
            whole = self._corpus(law, corpus, self.shrinks and strategy is not None)
            if whole and strategy is not None and self.frozen is None:
                usual = EXAMPLES[self.effort]
                least = usual if examples is None else min(examples, usual)
                count = min(least * DEARER, usual) if self.effort == "thorough" else least
                self._drawn(law, strategy, count, least, rounds)
        finally:
            self.judge.in_law = False

    def _corpus(self, law: Callable[[T], object], corpus: Iterable[T], shrinks: bool) -> bool:
        broken: set[type[Broken]] = set()
        for case in self.frozen(list(corpus)) if self.frozen else corpus:
            try:
                law(case)
            except Broken as error:
                silent = self.fell_silent()
                if type(error) not in broken:  # the first case that shows it is enough
                    self.judge.broken(self._smallest(law, case, error) if shrinks and not silent else error)
                    broken.add(type(error))
                if silent:
                    break  # a failure that consists of waiting would cost as much for each case that follows
        return not broken

    def _smallest(self, law: Callable[[T], object], case: T, error: Broken) -> Broken:
        """Return what is said of the smallest case, of a few that are tried, which breaks the same requirement."""
        said, begun = len(self.judge.judgements), time.monotonic()
        tried, candidates = {repr(case)}, smaller(case)
        while len(tried) <= TRIES and time.monotonic() - begun < DEAR_S and not self.fell_silent():
            other = next(candidates, None)
            if other is None:
                break
            if repr(other) not in tried:
                tried.add(repr(other))
                same = self._breaks(law, other, type(error))
                if same is not None:
                    error, candidates = same, smaller(other)
        del self.judge.judgements[said:]
        return error

    def _breaks(self, law: Callable[[T], object], case: T, kind: type[Broken]) -> Broken | None:
        try:
            law(case)
        except kind as error:
            return error
        except Exception:  # whatever it is, it says nothing of the case that failed
            return None
        return None

    def _drawn(
        self, law: Callable[[T], object], strategy: SearchStrategy[T], count: int, least: int, rounds: int
    ) -> None:
        if not count:
            return
        import warnings

        from hypothesis import HealthCheck, Phase, given, seed, settings
        from hypothesis.errors import Flaky, HypothesisWarning

        met: list[Broken] = []
        begun, tried = time.monotonic(), 0
        fresh = self.effort == "thorough"
        phases = [Phase.reuse] if fresh else []

        @settings(
            max_examples=count,
            database=self._database() if fresh else None,
            derandomize=False,
            deadline=None,
            phases=[*phases, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(strategy)
        def property_(case: T) -> None:
            nonlocal tried
            if met and self.fell_silent():
                return  # a failure that consists of waiting is not shrunk: each try would wait again
            if not met and tried >= least * rounds and time.monotonic() - begun > DEAR_S:
                return
            tried += 1
            try:
                law(case)
            except Broken as error:
                met.append(error)
                raise

        # One function of ours plays every law: in the database each has a place of its own.
        property_.hypothesis.inner_test._hypothesis_internal_add_digest = self._place().encode()  # type: ignore[attr-defined]
        try:
            with warnings.catch_warnings():
                # That a case is long to print is no error of ours, whatever a project makes of warnings.
                warnings.simplefilter("ignore", HypothesisWarning)
                for number in range(1 if fresh else rounds):
                    (property_ if fresh else seed(SEED + number)(property_))()
        except Broken as error:
            self.judge.broken(error)
        except Flaky:
            # Seen, and not again when the same case was tried once more: the runner finds out how often it comes.
            if not met:
                raise
            self.judge.broken(met[0])

    def _place(self) -> str:
        self.draws += 1
        return f"{self.name}#{self.draws}"

    def _database(self) -> ExampleDatabase:
        """Return Hypothesis's own database, where what thorough runs find is kept for the next one."""
        from hypothesis.database import DirectoryBasedExampleDatabase

        folder = os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY") or ".hypothesis"
        return DirectoryBasedExampleDatabase(Path(folder) / "examples")

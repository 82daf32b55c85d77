"""Where a check wants many cases: a corpus that ships, then draws by Hypothesis, as many as the effort says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gateproof.judge import Broken, Judge

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
EXAMPLES = {"quick": 0, "default": 25, "thorough": 400}


@dataclass
class Draw:
    """Plays a law over cases. `effort` is quick (corpus alone), default (fixed draws) or thorough (fresh draws)."""

    judge: Judge
    effort: str = "default"
    fell_silent: Callable[[], bool] = bool

    def __call__(
        self,
        law: Callable[[T], object],
        strategy: SearchStrategy[T] | None = None,
        corpus: Iterable[T] = (),
        *,
        examples: int | None = None,
    ) -> None:
        """Call `law` with each case of the corpus and then with drawn ones; the first broken case ends the draw.

        `examples` lowers the number of draws where one case is dear. The case that is reported is the smallest one.
        """
        self.judge.in_law = True
        try:
            if self._corpus(law, corpus) and strategy is not None:
                count = EXAMPLES[self.effort] if examples is None else min(examples, EXAMPLES[self.effort])
                self._drawn(law, strategy, count)
        finally:
            self.judge.in_law = False

    def _corpus(self, law: Callable[[T], object], corpus: Iterable[T]) -> bool:
        broken: set[type[Broken]] = set()
        for case in corpus:
            try:
                law(case)
            except Broken as error:
                if type(error) not in broken:  # the first case that shows it is enough
                    self.judge.broken(error)
                    broken.add(type(error))
                if self.fell_silent():
                    break  # a failure that consists of waiting would cost as much for each case that follows
        return not broken

    def _drawn(self, law: Callable[[T], object], strategy: SearchStrategy[T], count: int) -> None:
        if not count:
            return
        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis.errors import Flaky

        ended: list[Broken] = []
        phases = [Phase.explicit, Phase.generate, Phase.shrink]
        fixed = self.effort != "thorough"

        @settings(
            max_examples=count,
            derandomize=fixed,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(strategy)
        def property_(case: T) -> None:
            if ended:
                return
            try:
                law(case)
            except Broken as error:
                if self.fell_silent():  # a failure that consists of waiting is not shrunk: each try would wait again
                    ended.append(error)
                raise

        try:
            property_()
        except Broken as error:
            self.judge.broken(error)
        except Flaky:
            if not ended:
                raise
            self.judge.broken(ended[0])

"""What the tests of rows share: one tiny faulty peer per row, which makes exactly this finding."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateproof.validate import Finding
from gateproof.validate.rows import ROWS


@dataclass(frozen=True)
class Mutant:
    """One fault: the requirement, what makes the findings, and the weight where it is not that of the row."""

    requirement: str
    run: Callable[[], Sequence[Finding]]
    weight: str = ""
    note: str = ""

    @property
    def id(self) -> str:
        return f"{self.requirement}-{self.note}" if self.note else self.requirement


def judge(mutant: Mutant) -> None:
    """Assert that the party at fault breaks exactly this requirement, at the right weight."""
    party, usual = ROWS[mutant.requirement]
    # A server can only be seen to refuse nothing where the application errs, so the other party does not count.
    found = mutant.run()
    if "-ITER-" in mutant.requirement:
        gc.collect()  # what is never closed shows when it goes
    mine = [finding for finding in found if finding.party == party]
    assert [(finding.requirement_id, finding.weight) for finding in mine] == [
        (mutant.requirement, mutant.weight or usual)
    ], mine


def label(value: Any) -> str | None:
    """Name a mutant in the test run."""
    return value.id if isinstance(value, Mutant) else None

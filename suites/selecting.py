"""What the checks of conditions, ranges, codings and origins share: laws over every answer that stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.selecting import Law, Way


def judge_each(
    judge: Judge, ways: Iterable[Way], laws: Mapping[str, Law], *, otherwise: str = "", lacks: str = ""
) -> None:
    """Judge each way by the laws of the rows; `otherwise` says what a row means that no way was asked about."""
    for way in ways:
        selecting.judged(judge, way, laws)
    if judge.judgements and otherwise:
        judge.unsupported_rest(otherwise, lacks=lacks)
    judge.unsupported_rest("no answer is the same every time")

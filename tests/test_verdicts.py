"""Verdicts and exit statuses: the worst one stands."""

from gateproof.verdicts import Exit, Verdict, worst, worst_exit


def test_worst_follows_the_order_of_the_enumeration() -> None:
    """A warning beats a pass, an error beats a pass, nothing at all is untested."""
    assert worst([Verdict.PASS, Verdict.WARN]) is Verdict.WARN
    assert worst([Verdict.PASS, Verdict.ERROR, Verdict.KNOWN]) is Verdict.KNOWN
    assert worst([]) is Verdict.UNTESTED


def test_usage_beats_interruption_beats_harness_beats_difference() -> None:
    """4, 2, 3, 1, 5, 0."""
    assert worst_exit([0, 1, 3, 2]) == Exit.INTERRUPTED
    assert worst_exit([1, 3]) == Exit.HARNESS
    assert worst_exit([5, 0]) == Exit.NOTHING
    assert worst_exit([]) == Exit.AS_DECLARED

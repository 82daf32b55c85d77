"""Every check is able to fail, by a mutant that it catches, and able to pass, by the reference and its variants.

A mutant is judged by the checks of its requirement and of what else it is said to break, one of an application or
middleware by a sixth of the others too, with the corpus that ships unless it says `drawn`. So is a variant, one of a
server by a sixth of the checks, the next one by another, and by those that it is `about`: all of it would take most
of the time of all tests.
With GATEPROOF_PROOF=whole (`tox -e proof`) every mutant is judged by its whole interface, and every variant by all
checks, both with drawn cases.
"""

from __future__ import annotations

import importlib
import os
import pkgutil

import pytest

from gateproof import requirements
from gateproof.check import check_id, info

from . import asgi, frame, harness, wsgi
from .registry import MUTANTS, VARIANTS, Mutant, Variant

for package in (wsgi, asgi, frame):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

PARTIES = sorted({(mutant.interface, mutant.party) for mutant in MUTANTS})
CHECKS = [(interface, check) for interface, party in PARTIES for check in harness.checks(interface, party)]
SHARES = 6
WHOLE = os.environ.get("GATEPROOF_PROOF") == "whole"
# A mutant may leave open what it should close; the collector finds that in whichever test comes next.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SCORED = {row.id for row in requirements.load() if row.verdict != "inform"}


def share(checks: tuple[harness.Check, ...], turn: int) -> tuple[harness.Check, ...]:
    """Return the checks whose turn it is."""
    return checks[turn % SHARES :: SHARES]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.id for mutant in MUTANTS])
def test_mutant(mutant: Mutant) -> None:
    """The checks of its requirement catch it, by the corpus where it does not say `drawn`; nothing else breaks."""
    proving = harness.proving(mutant)
    assert proving, f"no check judges {mutant.requirement}"
    options = {**mutant.options, "party": mutant.party, "interface": mutant.interface}
    effort = "default" if mutant.drawn or WHOLE else "quick"
    own = harness.judge(mutant.make, proving, effort, mutant.launch, **options)
    every = harness.checks(mutant.interface, mutant.party)
    innocent = () if mutant.party == "server" else share(every, MUTANTS.index(mutant))
    broken = [c for c in every if mutant.also & set(info(c).requirements)]
    others = [c for c in every if c not in proving and (WHOLE or c in broken or c in innocent)]
    said = own + harness.judge(mutant.make, others, "quick", **options)
    wanted = {mutant.requirement} | mutant.also
    assert harness.broken(said) == wanted, harness.beyond(said, wanted)
    assert not [j for j in said if j.verdict == "error"]


@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
def test_variant(variant: Variant) -> None:
    """No check accuses a legal choice."""
    chosen = harness.checks(variant.interface, variant.party)
    if not WHOLE and variant.party == "server":
        part = share(chosen, VARIANTS.index(variant))
        chosen = tuple(c for c in chosen if c in part or variant.about & set(info(c).requirements))
    options = {**variant.options, "party": variant.party, "interface": variant.interface}
    said = harness.judge(variant.make, chosen, "default" if WHOLE else "quick", confirm=True, **options)
    assert [(j.requirement, j.expected, j.seen) for j in said if j.verdict in harness.BROKEN] == []
    assert [(j.requirement, j.reason) for j in said if j.verdict == "error"] == []


@pytest.mark.parametrize(
    ("interface", "check"), CHECKS, ids=[f"{interface}-{check_id(check)}" for interface, check in CHECKS]
)
def test_every_check_is_proven(interface: str, check: harness.Check) -> None:
    """For every requirement that a check scores there is a mutant."""
    proven = {mutant.requirement for mutant in MUTANTS}
    assert {row for row in info(check).requirements if row in SCORED} <= proven


def test_half_of_the_property_mutants_are_found_by_the_corpus() -> None:
    """`quick` replays a corpus that ships; it must be worth something on its own."""
    properties = [m for m in MUTANTS if any("draw" in c.__code__.co_varnames for c in harness.proving(m))]
    assert all(m in properties for m in MUTANTS if m.drawn)
    assert sum(m.drawn for m in MUTANTS) * 2 <= len(properties)

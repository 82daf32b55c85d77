"""What the checks of WSGI applications share: conduct in the round trip and beyond, and the likeness of two answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.draw import Draw
from gateproof.drive.moods import AGAIN, failing
from gateproof.drive.wsgi import Manner, Request, Served
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge
from gateproof.validate.wsgi.body import Body
from gateproof.wire.selecting import Field, Selected

Case = tuple[Request, Manner]


def cases(app: Application) -> st.SearchStrategy[Case]:
    """Return drawn requests, most of them for places that exist, by servers of drawn manners."""
    where = st.one_of(*[gst.requests(path=place.path) for place in app.places], gst.requests())
    return st.tuples(where, gst.manners())


def judge_conduct(app: Application, judge: Judge, draw: Draw, *rows: str) -> None:
    """Judge rows that the observers judge in every single call: in the round trip, then in drawn calls."""
    for row in rows:
        found = app.worst(row)
        if found is None:
            judge(row, True)
            continue
        served, finding = found
        app.look_at(served)
        judge(row, False, finding.expected, f"{finding.message}: {finding.seen}", weight=finding.weight)

    def law(case: Case) -> None:
        served = app.serve(*case)
        for finding in served.findings:
            if finding.requirement_id in rows and finding.weight != "inform":
                app.look_at(served)
                seen = f"{finding.message}: {finding.seen}"
                judge(finding.requirement_id, False, finding.expected, seen, weight=finding.weight)

    draw(law, cases(app), ())


def used(
    app: Application,
    judge: Judge,
    rows: tuple[str, ...],
    what: str,
    seen: Callable[[Served], object],
    *,
    lacks: str,
) -> bool:
    """Tell whether a call of the round trip shows the optional thing; if none does, the rows are unsupported.

    `lacks` names the thing where it is a gate; a call in which it could have been used stands for all of them.
    """
    calls = app.survey()
    if any(seen(served) for served in calls):
        return True
    app.look_at(next((served for served in calls if served.manner.file_wrapper), calls[0]))
    for row in rows:
        judge.unsupported(row, f"in {len(calls)} calls the application never {what}", lacks=lacks)
    app.look_at()
    return False


def failed(served: Served) -> bool:
    """Tell whether a call came to nothing: an exception left it, it hung, or its status says that it failed."""
    later = bool(served.field("Retry-After"))
    return served.error is not None or served.hung or failing(served.code, later=later) or not served.starts


def worse(served: Served, than: Served) -> bool:
    """Tell whether a call came to nothing where a like one did not."""
    return failed(served) and not failed(than)


def same(one: Served, other: Served, *, body: bool = True) -> bool:
    """Tell whether two answers are the same: status, names of fields, and the body where `body` says so."""
    names = [sorted({name.lower() for name, _ in each.headers}) for each in (one, other)]
    return one.status == other.status and names[0] == names[1] and (not body or one.body == other.body)


def differ(app: Application, one: Served, other: Served, unlike: Callable[[Served, Served], bool], **how: Any) -> bool:
    """Tell whether two answers are unlike each other as often as they are asked for, and neither is unlike itself.

    An application may answer otherwise by chance, by the time, or because it is asked too often.
    """
    if not unlike(one, other):
        return False
    for _ in range(1 if one.hung or other.hung else AGAIN):
        first, second = app.serve(one.request, one.manner), app.serve(other.request, other.manner, **how)
        if unlike(one, first) or not unlike(one, second):
            return False
    return True


def alike(app: Application, other: Served, plain: Served, *, body: bool = True, **how: Any) -> bool:
    """Tell whether an answer is the plain one; where that is by now another one itself, nothing tells."""
    return not differ(app, plain, other, lambda one, two: not same(one, two, body=body), **how)


def bare(result: object) -> object:
    """Return what an application returned, without the object by which it is followed."""
    return result._result if isinstance(result, Body) else result


def steady(app: Application, request: Request) -> Served | None:
    """Return the answer to a request, None where two answers in a row differ in their status or fields."""
    one, other = app.serve(request), app.serve(request)
    return other if same(one, other, body=False) else None


def constant(app: Application, request: Request, answer: Served) -> bool:
    """Tell whether the body of the answer is the same whenever the same is asked."""
    return app.serve(request).body == answer.body


def selected(served: Served) -> Selected:
    """Return an answer as its client would look at it; one that failed is no answer."""
    fields = [(name.lower(), value) for name, value in served.headers]
    octets = tuple((name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in fields)
    return Selected(0 if failed(served) else served.code, octets, served.body)


def as_text(fields: Iterable[Field]) -> tuple[tuple[str, str], ...]:
    """Return fields as those of a request are given."""
    return tuple((name.decode("latin-1").title(), value.decode("latin-1")) for name, value in fields)

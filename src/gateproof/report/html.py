"""report.html: one file that needs no network and no script, whatever the target sent.

Everything is escaped by Jinja2, made visible by `gateproof.report.hostile`, and a policy in the page forbids what is
not ours: only the style and the script whose digests it names.
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from gateproof.report import hostile
from gateproof.report.view import page

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "gateproof.report.templates"


@cache
def environment() -> Environment:
    """Return the templates: autoescape always on, an unknown name is an error. Jinja2 is imported only here."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("gateproof.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["visible"] = hostile.visible
    found.filters["link"] = hostile.link
    found.filters["weighs"] = lambda weight: "told, not scored" if weight == "inform" else f"a break is a {weight}"
    found.filters["verdict_of"] = lambda requirement, target: target.verdict(requirement)
    return found


@cache
def asset(name: str) -> str:
    """Return the text of a style or a script."""
    return (files(TEMPLATES) / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return the source expression that lets a policy admit exactly this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def render(report: dict[str, Any], earned: dict[str, Any] | None = None) -> str:
    """Return the page of a report (as report.json holds it), with the levels of its certificate if that is given."""
    from markupsafe import Markup

    style, script = asset("common.css") + asset("report.css"), asset("report.js")
    admitted = f"style-src '{digest(style)}'; script-src '{digest(script)}'"
    policy = f"default-src 'none'; {admitted}; base-uri 'none'; form-action 'none'"
    template = environment().get_template("report.html.j2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what an older Jinja2 says of itself is no matter here
        return template.render(
            page=page(report, earned),
            style=Markup(style),  # noqa: S704 - a file of ours
            script=Markup(script),  # noqa: S704 - a file of ours
            policy=policy,
        )

"""`gateproof replay DIR#KEY --server=...`: plays one exchange of a report again, and shows both witnesses."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gateproof import bounds
from gateproof.commands import CommandError
from gateproof.report import text
from gateproof.verdicts import Exit

NAME = "replay"
HELP = "play one exchange of a report again: neither Hypothesis nor a seed is needed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the exchange and a server."""
    parser.add_argument("exchange", metavar="DIR#KEY", help="folder (or report.json) and key of an exchange")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--server", help="as in pytest --server=...")
    target.add_argument("--app", help="as in pytest --app=...")
    target.add_argument("--middleware", help="as in pytest --middleware=...")
    parser.add_argument(
        "--interface", choices=("wsgi", "asgi"), help="of a deployed probe, or of an application that does not tell"
    )
    parser.add_argument("--server-python", help="as in pytest --server-python=...")
    parser.add_argument("--app-loop", choices=("asyncio", "trio"), help="as in pytest --app-loop=...")


def execute(given: argparse.Namespace) -> int:
    """Play it and print what was seen then and now."""
    from gateproof import targets
    from gateproof.results import exchange_to_json
    from gateproof.servers import UsageError
    from gateproof.settings import Settings, TargetError

    kept = load(given.exchange)
    if not bounds.playable(kept):
        raise CommandError(
            f"the report holds only a part of this exchange, which cannot be played: {bounds.cut_of(kept)}"
        )
    options = ("server", "app", "middleware", "server_python", "app_loop", "interface")
    named = {name: getattr(given, name) for name in options}
    target = targets.of(Settings(**named, rootdir=Path.cwd()))
    try:
        target.resolve()
        target.start()
        x = target.again(kept)
        print("then:\n" + text.exchange("as reported", kept))
        print("\nnow:\n" + text.exchange(x.id, exchange_to_json(x)))
    except UsageError as error:
        raise CommandError(str(error)) from error
    except TargetError as error:
        raise CommandError(str(error), error.status) from error
    finally:
        target.stop()
    return Exit.AS_DECLARED


def load(spec: str) -> dict[str, Any]:
    """Return the exchange that `DIR#KEY` names."""
    place, _, key = spec.partition("#")
    path = Path(place) / "report.json" if Path(place).is_dir() else Path(place)
    try:
        exchanges = json.loads(path.read_text(encoding="utf-8"))["exchanges"]
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}; it is written by pytest --report=DIR") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is not a report of gateproof") from error
    found = [name for name in exchanges if key and name.startswith(key)]
    if len(found) != 1:
        raise CommandError(
            f"{path} has {len(found)} exchanges whose key begins with {key!r}; it holds {len(exchanges)}"
        )
    kept: dict[str, Any] = exchanges[found[0]]
    return kept

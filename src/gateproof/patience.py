"""How long a server is waited for, and what shows that no more is to come; in seconds."""

from __future__ import annotations

ANSWER_S = 2.0  # before anybody is accused, the check is repeated with more patience
PATIENT_S = 5.0
IDLE_S = 6.0  # servers that end idle connections do so after 5 s or less, unless they are told otherwise
QUICK_IDLE_S = 1.0  # `quick` is over before; the mutants that end what is not idle do so in half of it
AFTER_SILENCE_S = 0.5  # a check that met silence once does not wait as long for every smaller case
SETTLE_S = 2.0
# Late or never: a connection is given up before its time where nothing came for so many seconds while the server
# answered so many other requests. A loaded machine slows those down as well, so that it gets more time, not less.
QUIET = (0.1, 5)
PATIENTLY_QUIET = (1.0, 20)

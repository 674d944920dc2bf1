"""What users may be called."""

from __future__ import annotations

import re

from maskwatch.store.users import name_key
from maskwatch.web.refusals import WrongUse

NAME_PATTERN = r"^[\w][\w .@-]{0,63}$"
"""How a name looks."""

_OF_THE_AUDIT_LOG = {"system", "anonymous"}
"""What it calls the service itself, and whoever is not logged in (`AuditEntry`)."""


def must_be_name(name: str) -> None:
    """Raises UsageError unless a new user may be called that."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise WrongUse("refused.user_name")
    if name_key(name) in _OF_THE_AUDIT_LOG:
        raise WrongUse("refused.user_reserved", name=name)

"""Whom to believe that another machine is the one that it says it is."""

from __future__ import annotations

import ssl
from pathlib import Path


def checking_context(ca_file: str | Path | None) -> ssl.SSLContext:
    """A TLS context that checks certificates and the names of hosts.

    Args:
        ca_file: authorities to trust in place of the system's.

    Raises:
        OSError: the file cannot be used.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if ca_file is not None:
        # Since 3.13 Python insists on every field that RFC 5280 asks for. Authorities that people
        # make for themselves, as manuals of brokers and databases show it, lack some.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context

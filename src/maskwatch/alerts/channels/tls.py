"""Which certificates to trust."""

from __future__ import annotations

import ssl
from pathlib import Path

from maskwatch.authorities import checking_context
from maskwatch.errors import UsageError
from maskwatch.reasons import system_reason


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """A context that checks certificates and names; ``ca_file`` replaces the system's authorities.

    Raises:
        UsageError: the file cannot be used.
    """
    try:
        return checking_context(ca_file)
    except OSError as error:  # ssl.SSLError among them
        reason = system_reason(error)
        raise UsageError(f"ca_file {ca_file}: no usable certificates: {reason}") from error


def show_certificate(
    context: ssl.SSLContext, certificate: Path, key: Path | None
) -> ssl.SSLContext:
    """The context, with a certificate of our own to show to the other side.

    Raises:
        UsageError: the files cannot be used.
    """
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        reason = system_reason(error)
        raise UsageError(f"certificate_file {certificate}: cannot be used: {reason}") from error
    return context

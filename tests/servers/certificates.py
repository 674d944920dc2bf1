"""Certificates for servers on the loopback, signed by an authority that nobody else trusts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    ca_file: Path
    """What clients must trust."""
    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificates(folder: Path, name: str = "localhost") -> Certificates:
    authority = trustme.CA()
    server = authority.issue_cert(name)
    found = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority.cert_pem.write_to_path(str(found.ca_file))
    server.private_key_pem.write_to_path(str(found.key))
    found.certificate.write_bytes(b"".join(each.bytes() for each in server.cert_chain_pems))
    return found

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from maskwatch.authorities import checking_context
from tests.servers.certificates import Certificates, make_certificates


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def begun(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def make_plain_certificates(folder: Path) -> Certificates:
    """As manuals have people make them: no key usage, nothing that says whose key signed."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    authority = begun("home", "home", keys[0]).add_extension(is_authority, critical=True)
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    server = begun("localhost", "home", keys[1]).add_extension(hosts, critical=False)
    found = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    for builder, file in ((authority, found.ca_file), (server, found.certificate)):
        file.write_bytes(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
    found.key.write_bytes(keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return found


@pytest.fixture
def plain(tmp_path: Path) -> Certificates:
    return make_plain_certificates(tmp_path)


@pytest.fixture(autouse=True)
def python_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is from 3.13 on."""
    usual = ssl.create_default_context

    def strict(*args: Any, **more: Any) -> ssl.SSLContext:
        context = usual(*args, **more)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str = "localhost") -> None:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(back, there, server_hostname=host),
        server.wrap_bio(there, back, server_side=True),
    )
    for side in 4 * sides:
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert sides[0].getpeercert()


def test_an_authority_that_somebody_made_as_manuals_say_is_trusted(plain: Certificates) -> None:
    server = plain.server_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(ssl.create_default_context(cafile=plain.ca_file), server)
    shake_hands(checking_context(plain.ca_file), server)


def test_no_other_authority_is_trusted_and_no_other_host(
    plain: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "strange").mkdir()
    strange = make_certificates(tmp_path / "strange")
    for trusted, server, host in [
        (strange.ca_file, plain, "localhost"),
        (plain.ca_file, strange, "localhost"),
        (plain.ca_file, plain, "elsewhere"),
        (None, plain, "localhost"),
    ]:
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(checking_context(trusted), server.server_context(), host)


def test_the_authorities_of_the_system_are_held_to_all_that_python_asks_for() -> None:
    assert checking_context(None).verify_flags & ssl.VERIFY_X509_STRICT

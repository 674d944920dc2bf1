"""The dashboard over TLS, by the configuration alone: `maskwatch serve` with a certificate."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.end_to_end.serving import PATIENCE_S, Program, serving
from tests.servers.certificates import Certificates, make_certificates
from tests.web.chromium import PATIENCE_MS

PASSWORD = "a long enough secret"  # noqa: S105


@dataclass(frozen=True)
class Site:
    """A service that serves HTTPS."""

    program: Program
    certificates: Certificates
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def setup_url(self) -> str:
        """The one-time link of the first start."""
        return re.findall(r"make the administrator at (\S+)", self.program.log)[-1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Without cameras; the certificate is signed by an authority that nobody trusts yet."""
    folder = tmp_path_factory.mktemp("tls")
    made = make_certificates(folder)
    config = folder / "maskwatch.yaml"
    config.write_text(
        f"storage: {{folder: {folder / 'data'}, min_free_gb: 0}}\n"
        "web:\n"
        "  host: localhost\n"
        "  port: 0\n"
        f"  tls: {{certificate: {made.certificate}, key: {made.key}}}\n"
    )
    with serving(config, "tests.end_to_end.service_program") as program:
        program.wait_for_log("make the administrator at")
        found = re.findall(r"dashboard: (https://localhost:\d+)", program.log)
        assert found, program.log
        yield Site(program, made, found[-1])


def test_a_client_that_trusts_the_authority_is_served(site: Site) -> None:
    trusting = ssl.create_default_context(cafile=site.certificates.ca_file)
    with httpx.Client(base_url=site.url, verify=trusting, timeout=PATIENCE_S) as client:
        assert client.get("/healthz").text == "ok\n"
        page = client.get("/login")
        assert page.status_code == 200
        assert "max-age=" in page.headers["Strict-Transport-Security"]


def test_a_client_that_does_not_is_not_fooled(site: Site) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{site.url}/healthz", timeout=PATIENCE_S)


def test_nothing_is_said_in_clear_or_by_an_old_protocol(site: Site) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://localhost:{site.port}/healthz", timeout=PATIENCE_S)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("localhost", site.port), PATIENCE_S) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        old.wrap_socket(plain)


def test_a_browser_sets_it_up_and_works_with_it(site: Site) -> None:
    pytest.importorskip("playwright.sync_api")
    from playwright.sync_api import expect

    from tests.web.chromium import chromium

    with chromium() as browser:
        # What people do who have made their certificate themselves: they let the browser take it.
        context = browser.new_context(base_url=site.url, ignore_https_errors=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(site.setup_url)
        page.fill("#name", "anna")
        page.fill("#password", PASSWORD)
        page.fill("#repeated", PASSWORD)
        page.click("button")
        expect(page.get_by_role("heading", name="Live")).to_be_visible(timeout=PATIENCE_MS)
        [cookie] = [each for each in context.cookies() if "maskwatch" in each["name"]]
        assert cookie["name"].startswith("__Host-")
        assert (cookie["secure"], cookie["httpOnly"]) == (True, True)
        page.goto("/system")
        page.get_by_role("tab", name="Audit log").click()
        page.get_by_role("button", name="Check the log").click()
        # The answer comes over the page's socket, which is encrypted as well.
        sound = page.get_by_text(re.compile(r"The chain of all \d+ entries is intact"))
        expect(sound).to_be_visible(timeout=PATIENCE_MS)
        context.close()

"""What script/publish says of reading as instances do: only what it has read, whatever a web server answers."""

import functools
import http.server
import socketserver
import sys
import threading

import pytest

from publisher import IN_RELEASE, INDEX, PUBLISH, files
from sandbox import QuietFiles

sys.path.append(str(PUBLISH.with_name("publish.d")))
import reading

PACKAGE = "/pool/main/a/autoheal-agent/"
RELEASE = f"/{IN_RELEASE}"
BY_HASH = f"/{INDEX}/by-hash/SHA256/"
CAN = "can be read from here without credentials, as instances read it"


class Answers(QuietFiles):
    """Files, but these bytes for addresses that begin like that. It notes what was asked, and by whom."""

    server: "Server"

    def do_GET(self):  # noqa: N802
        self.server.asked.append((self.path, self.headers["Authorization"]))
        for start, answer in self.server.answers.items():
            if self.path.startswith(start):
                self.wfile.write(answer)
                return
        super().do_GET()


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, root):
        super().__init__(("127.0.0.1", 0), functools.partial(Answers, directory=root))
        self.answers, self.asked = {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """Whoever has read enough hangs up."""


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "www")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def said(publish, keys, server, tmp_path):
    """What is said at the end, by a run that publishes, or finds it published."""

    def said(*arguments, version="0.1.0-1"):
        given = ("--deb", publish.package(version), "--url", server.url)
        done = publish.run(tmp_path / "www", *given, *(arguments or ("--key", "old")))
        # It is published all the same.
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.rpartition("\n\n")[2]

    return said


def answer(status, content=b"", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


FORBIDDEN = answer("403 Forbidden", b"<Error/>")


def test_all_that_an_instance_asks_for_was_asked_for_before_it_is_said_to_be_readable(said, server):
    text = said()
    assert CAN in text and "apt" in text
    paths = [path for path, credentials in server.asked if credentials is None]
    assert len(paths) == len(server.asked) == 3
    assert [sum(path.startswith(start) for path in paths) for start in (PACKAGE, RELEASE, BY_HASH)] == [1, 1, 1]


def test_without_a_key_the_package_alone_is_asked_for_and_told(said, server):
    text = said("--url", server.url)
    assert text.startswith(f"It {CAN}") and "apt" not in text
    assert [path.startswith(PACKAGE) for path, _ in server.asked] == [True]


@pytest.mark.parametrize("withheld", [RELEASE, BY_HASH, "/dists/"])
def test_of_an_apt_repository_that_cannot_be_read_it_is_said_what_and_how_it_answered(said, server, withheld):
    server.answers = {withheld: FORBIDDEN}
    text = said()
    assert f"It {CAN}" not in text and "by apt it cannot" in text
    told = [line for line in text.splitlines() if line.startswith(f"  {server.url}/dists/")]
    assert len(told) == (2 if withheld == "/dists/" else 1)
    assert all(line.startswith(f"  {server.url}{withheld}") and line.endswith(": HTTP 403") for line in told)


def test_of_a_package_that_cannot_be_read_nothing_is_claimed_though_its_index_can(said, server):
    server.answers = {PACKAGE: FORBIDDEN}
    text = said()
    assert text.startswith("It cannot be read from here without credentials") and "can be read" not in text
    assert f"  {server.url}{PACKAGE}" in text and ": HTTP 403" in text and "/dists/" not in text


def test_an_index_of_a_former_version_from_a_cache_is_not_what_was_published(said, server, tmp_path):
    assert CAN in said()
    server.answers = {RELEASE: answer("200 OK", (tmp_path / "www" / IN_RELEASE).read_bytes())}
    text = said(version="0.2.0-1")
    assert f"It {CAN}" not in text and f"  {server.url}{RELEASE}: another content, with SHA-256 " in text


def test_an_index_that_was_lost_by_its_digest_is_missed_though_it_has_its_usual_name(said, server, tmp_path):
    server.answers = {BY_HASH: answer("404 Not Found")}
    assert f"  {server.url}{BY_HASH}" in said()
    assert f"{INDEX}/Packages" in files(tmp_path / "www")


ODD = {
    "cut short": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n!<arch>", "it ended after 7 of "),
    "cut short in a chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n!<arch>",
        "no whole answer of HTTP (IncompleteRead",
    ),
    "chunks of no length": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "no whole answer of HTTP (IncompleteRead",
    ),
    "another protocol": (b"SSH-2.0-\x1b[2JOpenSSH\r\n", "no whole answer of HTTP (BadStatusLine: SSH-2.0-?[2JOpenSSH)"),
    "nothing": (b"", "closed connection without response"),
    "an endless line": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n", "no whole answer of HTTP (LineTooLong"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200, "no whole answer of HTTP (HTTPException"),
    "a redirection to nowhere": (answer("302 Found", b"", "Location: http://["), "Invalid IPv6 URL"),
    "a redirection to a file": (answer("302 Found", b"", "Location: file:///etc/passwd"), "HTTP 302"),
    "more than there is": (answer("200 OK", b"!<arch>\n" * 100000), "another content, of more than "),
    "an empty one": (answer("200 OK"), "it ended after 0 of "),
    "a page for whoever must log in": (answer("200 OK", b"<html>"), "another content, with SHA-256 "),
    "a part": (answer("204 No Content"), "it ended after 0 of "),
}


@pytest.mark.parametrize(("raw", "words"), ODD.values(), ids=ODD)
def test_whatever_is_answered_is_a_sentence(said, server, raw, words):
    server.answers = {"/": raw}
    text = said()
    assert text.startswith("It cannot be read from here without credentials")
    told = [line for line in text.splitlines() if line.startswith(f"  {server.url}/")]
    assert len(told) == 3 and words in told[0] and all(line.isprintable() for line in told), text


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(reading, "SILENCE", 0.05)
    with socketserver.TCPServer(("127.0.0.1", 0), None) as silent:
        assert "timed out" in reading.problem(f"http://127.0.0.1:{silent.server_address[1]}/a", b"a")


def test_a_server_that_never_comes_to_an_end_is_left_when_an_instance_would(monkeypatch, server):
    server.answers = {"/": answer("200 OK", b"abc")}
    monkeypatch.setattr(reading, "LONGEST", 0)
    assert "it took more than 0 seconds" in reading.problem(f"{server.url}/a", b"abc")


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "http://example.com:port",
        "http://example.com:99999",
        "http://a:b@example.com",
        f"http://{'a' * 64}.b",
    ],
)
def test_an_address_that_no_instance_could_be_told_is_wrong_usage(publish, tmp_path, url):
    error = publish.refused(64, tmp_path / "www", "--deb", publish.package(), "--url", url)
    assert f"--url {url} is not" in error and not (tmp_path / "www").exists()

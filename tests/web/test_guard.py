"""Who is refused: other names, other sites' pages, whoever lacks the token."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from measurand.web.app import create_app
from measurand.web.guard import COOKIE, POLICY

BASE = "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8765", "[::1].x", "[::1"]
)
def test_a_name_that_is_not_ours_is_refused(client, host):
    # DNS rebinding: a name of someone else's that was made to point here.
    answer = client.get("/", headers={"host": host})
    assert answer.status_code in (400, 403)
    assert "measurand" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9", "[::1]:8765"])
def test_names_of_this_machine_are_served(client, host):
    assert client.get("/api/sources", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/audits?of=votes.csv"), ("PUT", "/files/a.csv"), ("POST", "/jobs/x/stop")]
)
def test_pages_of_other_sites_change_nothing(tmp_path, headers, method, path):
    with TestClient(create_app(tmp_path), base_url=BASE) as client:
        assert client.request(method, path, headers=headers, content=b"a").status_code == 403
    assert list(tmp_path.iterdir()) == []


def test_our_own_pages_may_write(tmp_path):
    with TestClient(create_app(tmp_path), base_url=BASE) as client:
        headers = {"origin": BASE, "sec-fetch-site": "same-origin"}
        assert client.put("/files/a.csv", headers=headers, content=b"model,x\n").status_code == 201


def test_every_answer_says_what_may_run(client):
    for path in ("/", "/entanglement", "/static/explorer.js", "/no/such", "/entanglement?benchmark=x"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY, path
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    assert "unsafe" not in POLICY


def test_the_token_is_asked_for_once_and_leaves_the_address(filled: Path):
    app = create_app(filled, token="secret-token")
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert client.get("/", headers={"cookie": f"{COOKIE}=wrong"}).status_code == 401
        admitted = client.get("/entanglement?benchmark=bbq_amb&token=secret-token")
        assert (admitted.status_code, admitted.headers["location"]) == (303, "/entanglement?benchmark=bbq_amb")
        assert "HttpOnly" in admitted.headers["set-cookie"]
        assert "SameSite=Strict" in admitted.headers["set-cookie"]
        assert client.get("/").status_code == 200
    with TestClient(app, base_url=BASE) as client:
        assert client.get("/api/sources", headers={"authorization": "Bearer secret-token"}).status_code == 200

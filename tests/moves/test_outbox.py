"""The outbox: what is written leaves, at least once, signed, and not too much to one member a day."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from cli.memory import Memory
from cli.wiring import Room
from operations.errors import Refusal
from operations.notify import AWAY, deliver, write
from operations.ports.notices import Letter, Notice, Waiting
from rules.spec import Community
from tests.moves.club import AT, people, publish
from tests.waiting import PATIENCE
from workflows import turns
from workflows.activities.notices import Notices
from workflows.carriers import LogCarrier, WebhookCarrier, carriers

pytestmark = pytest.mark.servers


@dataclass
class Receiver:
    """A webhook that somebody else runs: it checks signatures and knows keys again."""

    url: str = ""
    letters: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0
    failing: int = 0  # so many calls are answered with an error first


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.calls += 1
            if found.failing:
                found.failing -= 1
                self.send_error(503)
                return
            parts = dict(part.split("=") for part in self.headers["Trellis-Signature"].split(","))
            said = hmac.new(b"secret", parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(said, parts["v1"])
            found.letters[self.headers["Idempotency-Key"]] = json.loads(body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def club(remembered: Memory) -> Community:
    community = publish(remembered)
    people(remembered, community, "ann", "bob")
    return community


def notice(key: str, member: str = "ann", *, days: float = 0, urgency: int = 5) -> Notice:
    values = {"tier": "regular"}
    return Notice(
        key=key, member=member, what="message:welcome", at=AT + timedelta(days=days), values=values, urgency=urgency
    )


def test_a_signed_webhook_has_each_notice_in_words_even_after_failures(
    remembered: Memory, club: Community, receiver: Receiver
) -> None:
    remembered.outbox.put("club", [notice("a"), notice("a"), notice("b", "bob")])
    receiver.failing = 1
    ways = [WebhookCarrier(receiver.url, "secret")]

    first = deliver(remembered.outbox, ways, club, at=AT)
    second = deliver(remembered.outbox, ways, club, at=AT)
    third = deliver(remembered.outbox, ways, club, at=AT)

    assert (first.sent, first.failed, second.sent, second.failed, third.sent) == (1, 1, 1, 0, 0)
    assert set(receiver.letters) == {"a", "b"}
    assert receiver.letters["a"]["text"] == {"en": "ann, you are Regular now.", "zh": "ann，你已是常客。"}
    assert remembered.outbox.counts("club") == {"waiting": 0, "failing": 0, "sent": 2}


@dataclass
class Postman:
    """Takes letters until it breaks; some it refuses."""

    said: list[str] = field(default_factory=list)
    refused: frozenset[str] = frozenset()
    breaks_at: str | None = None

    def send(self, letter: Letter) -> None:
        if letter.key == self.breaks_at:
            raise RuntimeError("a carrier has a fault of its own")
        self.said.append(letter.key)
        if letter.key in self.refused:
            raise OSError("nobody at home")


def test_a_round_in_which_plans_cannot_be_made_reminds_and_sends_all_the_same_and_says_so_then(
    remembered: Memory, club: Community
) -> None:
    remembered.outbox.put("club", [notice("n0", days=-1_000)])
    postman, reminded = Postman(), list[str]()

    def planner(community: str) -> int:
        raise ValueError(f"no plan for {community}")

    def reminder(community: str) -> int:
        reminded.append(community)
        return 1

    round_ = Notices(
        remembered.specs, remembered.outbox, remembered.effects, lambda: [postman], planner=planner, reminder=reminder
    )

    with pytest.raises(ValueError, match="no plan for club"):
        ActivityEnvironment().run(round_.deliver, turns.Deliver(community="club", release=True))

    assert (postman.said, reminded) == (["n0"], ["club"])


def test_what_has_left_does_not_leave_again_when_a_carrier_breaks(remembered: Memory, club: Community) -> None:
    remembered.outbox.put("club", [notice(f"n{number}", f"m{number}") for number in range(4)])
    postman = Postman(breaks_at="n2")

    with pytest.raises(RuntimeError):
        deliver(remembered.outbox, [postman], club, at=AT)
    postman.breaks_at = None
    deliver(remembered.outbox, [postman], club, at=AT)

    assert postman.said == ["n0", "n1", "n2", "n3"]


def test_a_round_ends_when_nobody_takes_anything_and_what_failed_comes_last(
    remembered: Memory, club: Community
) -> None:
    keys = [f"n{number}" for number in range(9)]
    remembered.outbox.put("club", [notice(key, f"m{key}") for key in keys])
    away = Postman(refused=frozenset(keys))

    first = deliver(remembered.outbox, [away], club, at=AT)

    assert (first.sent, first.failed, away.said) == (0, AWAY, keys[:AWAY])
    picky = Postman(refused=frozenset(keys[:AWAY]))
    second = deliver(remembered.outbox, [picky], club, at=AT)
    assert (second.sent, second.failed) == (4, AWAY)
    assert picky.said == [*keys[AWAY:], *keys[:AWAY]], "those that nobody takes do not stand in the way of the others"


@pytest.mark.parametrize("answer", ["HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", "what?\r\n\r\n"])
def test_a_webhook_that_sends_elsewhere_or_makes_no_sense_has_not_taken_the_notice(answer: str) -> None:
    class Strange(BaseRequestHandler):
        def handle(self) -> None:
            asked = self.request.recv(65_536)
            said = answer if asked.startswith(b"POST") else "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            self.request.sendall(said.encode())

    server = ThreadingTCPServer(("127.0.0.1", 0), Strange)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        hook = WebhookCarrier(f"http://127.0.0.1:{server.server_address[1]}/hook", "secret")
        with pytest.raises(OSError, match=r"127\.0\.0\.1"):
            hook.send(Letter(key="k", member="ann", what="x", title={"en": "T"}, text={"en": "x"}))
    finally:
        server.shutdown()
        server.server_close()


def test_at_most_so_many_a_day_and_the_most_urgent_first(remembered: Memory, club: Community) -> None:
    said: list[str] = []

    class Listening:
        def send(self, letter: Letter) -> None:
            said.append(letter.key)

    remembered.outbox.put("club", [notice("5"), notice("4", urgency=4), notice("0", urgency=0), notice("other", "bob")])
    deliver(remembered.outbox, [Listening()], club, at=AT)
    assert said == ["0", "4", "other"]
    deliver(remembered.outbox, [Listening()], club, at=AT + timedelta(hours=1))
    assert len(said) == 3
    deliver(remembered.outbox, [Listening()], club, at=AT + timedelta(days=1))

    assert said == ["0", "4", "other", "5"]


def test_the_closed_list_is_filled_and_nothing_else(club: Community) -> None:
    waiting = Waiting(
        key="k", member="ann", what="message:come-in", at=AT, values={"until": "2027-03-09"}, urgency=0, attempts=0
    )

    letter = write(club, waiting)

    assert letter.text == {"en": "ann, by 2027-03-09?", "zh": "ann，2027-03-09前？"}


def test_ways_out_are_named_by_the_environment(receiver: Receiver) -> None:
    assert [type(way) for way in carriers({})] == [LogCarrier]
    named = {"TRELLIS_NOTIFY_URLS": f"log: {receiver.url}", "TRELLIS_NOTIFY_SECRET": "secret"}
    assert [type(way) for way in carriers(named)] == [LogCarrier, WebhookCarrier]
    with pytest.raises(Refusal, match="secret"):
        carriers({"TRELLIS_NOTIFY_URLS": receiver.url})
    with pytest.raises(Refusal, match="Apprise"):
        carriers({"TRELLIS_NOTIFY_URLS": "nonsense://x"})
    (apprise,) = carriers({"TRELLIS_NOTIFY_URLS": receiver.url.replace("http://", "json://")})
    with pytest.raises(OSError):
        apprise.send(Letter(key="k", member="ann", what="x", title={"en": "T"}, text={"en": "x"}))


def test_the_outbox_workflow_delivers_until_nothing_is_left(
    room: Room,
    worker: Callable[..., AbstractContextManager[None]],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(room.memory)
    monkeypatch.setenv("TRELLIS_NOTIFY_URLS", receiver.url)
    monkeypatch.setenv("TRELLIS_NOTIFY_SECRET", "secret")
    receiver.failing = 2
    past = -(AT.year - 2020) * 365
    room.memory.outbox.put("club", [notice(f"n{n}", f"m{n}", days=past) for n in range(20)])

    with worker():
        room.gateway.start(turns.OUTBOX, turns.OutboxInput(community="club"), id="club/outbox")
        done = room.gateway.result("club/outbox", PATIENCE, turns.Delivered)

    assert done.sent == 20
    assert len(receiver.letters) == 20
    assert receiver.calls == 22

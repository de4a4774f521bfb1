"""Carriers: the ways out for notices. A log, signed webhooks, and everything Apprise can reach.

`TRELLIS_NOTIFY_URLS` names them, separated by spaces or commas: `log:` is the log, `http://` and `https://` are
webhooks signed with `TRELLIS_NOTIFY_SECRET`, anything else goes to Apprise (`wecombot://…`, `mailto://…`). Without it
there is the log alone. `TRELLIS_NOTIFY_LANGUAGE` (en or zh) is the language where only one can be sent.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from operations.errors import Refusal
from operations.ports.notices import Carrier, Letter

PATIENCE = 10.0  # seconds for one webhook to answer
_log = logging.getLogger("trellis.notices")


class LogCarrier:
    """Writes each notice into the log."""

    def send(self, letter: Letter) -> None:
        _log.info("%s %s: %s", letter.key, letter.member, " / ".join(letter.title.values()))


class WebhookCarrier:
    """Posts each notice as JSON, signed, with its idempotency key.

    `Trellis-Signature` is `t=SECONDS,v1=HEX`: HMAC-SHA256 with the shared secret over `SECONDS.BODY`. A receiver
    refuses old times and answers a key that it knows like the first time.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret.encode()

    def send(self, letter: Letter) -> None:
        body = json.dumps(
            {
                "key": letter.key,
                "member": letter.member,
                "what": letter.what,
                "title": dict(letter.title),
                "text": dict(letter.text),
            },
            ensure_ascii=False,
            sort_keys=True,
        ).encode()
        seconds = str(int(time.time()))
        request = urllib.request.Request(
            self._url,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": letter.key,
                "Trellis-Signature": f"t={seconds},v1={signature(self._secret, seconds, body)}",
            },
        )
        try:
            with _STRAIGHT.open(request, timeout=PATIENCE) as answer:
                answer.read(1024)
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(f"{self._url} answered {error.code}") from None
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"{self._url} does not answer: {error}") from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Sent elsewhere, a notice would go on as a question without a body, and be taken for delivered."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_STRAIGHT = urllib.request.build_opener(_Stay)


def signature(secret: bytes, seconds: str, body: bytes) -> str:
    """What a receiver computes to know that a webhook came from here."""
    return hmac.new(secret, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


class AppriseCarrier:
    """Sends through Apprise, in one language."""

    def __init__(self, urls: Sequence[str], language: str) -> None:
        import apprise

        self._language = language
        self._targets = apprise.Apprise()
        for url in urls:
            if not self._targets.add(url):
                raise Refusal(
                    f"TRELLIS_NOTIFY_URLS names {url.partition(':')[0]}://…, which Apprise does not know.",
                    "Write log:, https://…, or one of the addresses of the Apprise documentation.",
                )

    def send(self, letter: Letter) -> None:
        text = f"{letter.member}: {letter.text[self._language]}"
        if not self._targets.notify(title=letter.title[self._language], body=text):
            raise OSError("Apprise could not hand it over")


def carriers(environment: Mapping[str, str] | None = None) -> list[Carrier]:
    """The ways out that the environment names.

    Raises:
        Refusal: an address cannot be understood, or webhooks have no secret.
    """
    found = os.environ if environment is None else environment
    urls = _urls(found)
    ways: list[Carrier] = []
    others = []
    for url in urls:
        if url.startswith("log:"):
            ways.append(LogCarrier())
        elif url.startswith(("http://", "https://")):
            secret = found.get("TRELLIS_NOTIFY_SECRET")
            if not secret:
                raise Refusal(
                    "A webhook in TRELLIS_NOTIFY_URLS needs a secret to be signed with.", "Set TRELLIS_NOTIFY_SECRET."
                )
            ways.append(WebhookCarrier(url, secret))
        else:
            others.append(url)
    if others:
        ways.append(AppriseCarrier(others, found.get("TRELLIS_NOTIFY_LANGUAGE", "en")))
    return ways


def leaves(environment: Mapping[str, str] | None = None) -> bool:
    """Whether notices leave the installation at all: by any way but the log."""
    return any(not url.startswith("log:") for url in _urls(os.environ if environment is None else environment))


def _urls(environment: Mapping[str, str]) -> list[str]:
    return [url for url in re.split(r"[\s,]+", environment.get("TRELLIS_NOTIFY_URLS", "log:")) if url]

"""A body that is too large is refused where it comes in."""

import asyncio

import pytest

from config.bodies import limited


async def _application(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _status(chunks, declared=None):
    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    messages = [
        {"type": "http.request", "body": chunk, "more_body": number + 1 < len(chunks)}
        for number, chunk in enumerate(chunks)
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(limited(_application, 10)({"type": "http", "headers": headers}, receive, send))
    return sent[0]["status"], len(messages)


@pytest.mark.parametrize(
    ("_case", "chunks", "declared", "status"),
    [
        ("within", [b"x" * 10], 10, 200),
        ("declared too long", [b"x" * 11], 11, 413),
        ("undeclared and within", [b"x" * 5, b"x" * 5], None, 200),
        ("undeclared and too long", [b"x" * 6] * 1000, None, 413),
        ("declared short, sent long", [b"x" * 6] * 1000, 5, 413),
        ("no body", [b""], 0, 200),
    ],
)
def test_bodies_are_limited(_case, chunks, declared, status):
    assert _status(chunks, declared)[0] == status


def test_what_follows_is_not_even_read():
    assert _status([b"x" * 6] * 1000)[1] == 998

"""One HTTP request to a witness of the log: short, and to nowhere else."""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from governance.cosigning import Answer

TIMEOUT_SECONDS: Final = 10.0
WHOLE_SECONDS: Final = 30.0
LONGEST_ANSWER: Final = 64 << 10


def ask(url: str, body: bytes) -> Answer:
    """POST and read at most 64 KiB in at most half a minute; else status 0. Redirects and proxies are not followed."""
    try:
        to = urlsplit(url)
        connect = {"http": HTTPConnection, "https": HTTPSConnection}[to.scheme]
        connection = connect(to.hostname or "", to.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", to.path, body, {"content-type": "text/plain; charset=utf-8"})
            answer = connection.getresponse()
            content, end = b"", monotonic() + WHOLE_SECONDS
            while some := answer.read1(LONGEST_ANSWER):
                content += some
                if len(content) > LONGEST_ANSWER or monotonic() > end:
                    return Answer(0)
            return Answer(answer.status, answer.headers.get_content_type(), content)
        finally:
            connection.close()
    except (OSError, HTTPException, KeyError, ValueError):
        return Answer(0)

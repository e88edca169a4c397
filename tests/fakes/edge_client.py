"""A screen that asks a node, and takes every answer as it comes."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fakes.edge_process import EdgeProcess


@dataclass
class Answer:
    """`broken`: it ended before its length."""

    status: int
    headers: dict[str, str]
    body: bytes
    broken: bool = False


class Client:
    """Requests to a node, exactly as written: no path is tidied up on the way."""

    def __init__(self, edge: EdgeProcess) -> None:
        self.edge = edge

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        address = urlsplit(self.edge.address)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        try:
            connection.request(method, path, headers={n.replace("_", "-"): v for n, v in headers.items()})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            try:
                return Answer(answer.status, named, answer.read())
            except http.client.IncompleteRead as broken:
                return Answer(answer.status, named, broken.partial, broken=True)
        finally:
            connection.close()

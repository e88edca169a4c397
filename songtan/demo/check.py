"""What `--once` makes sure of, with nothing believed: signatures, every byte, and the classroom without the centre."""

import hashlib
import html
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2

from catalog.formats.index import Index, parse_index, take_segment
from catalog.formats.protocol import Policy
from catalog.formats.release import Blob, Caption, Lesson, Media, Release, SoundTrack, Still, VideoTrack
from catalog.formats.rungs import Tier
from catalog.formats.trust import Floor, Trust
from songtan.demo.errors import CheckFailed
from songtan.demo.node import LocalNode
from songtan.demo.way import Walked
from songtan.stack.centre import LocalCentre

TIMEOUT = 30.0
SMALL_SECONDS = 60.0
POLL_SECONDS = 0.25


@dataclass
class Check:
    """Checks one walked lesson. Every method raises `CheckFailed`."""

    centre: LocalCentre
    node: LocalNode
    walked: Walked
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=TIMEOUT))

    def release(self) -> Release:
        """The course's newest release, verified from the first root by the signed repository in the store."""
        store = f"{self.centre.store_url}/metadata"
        trust = Trust(self._get(f"{store}/1.root.json"), Floor())
        trust.take_timestamp(self._get(f"{store}/timestamp.json"))
        trust.take_snapshot(self._get(f"{store}/{trust.snapshot_version}.snapshot.json"))
        trust.take_targets(self._get(f"{store}/{trust.version_of('targets')}.targets.json"))
        for role, version in trust.partner_roles().items():
            trust.take_partner(role, self._get(f"{store}/{version}.{role}.json"))
        for (_, course), target in trust.releases().items():
            if course == self.walked.course:
                return trust.open_release(target, self._get(f"{self.centre.store_url}/{target.stored_as}"))
        raise self._wrong(f"course {self.walked.course} is not in the signed repository")

    def packs(self, release: Release) -> dict[str, Index]:
        """The indexes of the release by digest; each pack was read whole from the store and is what they say."""
        indexes = {}
        for track in release.tracks():
            data = self._get(f"{self.centre.store_url}/indexes/{track.index}")
            if hashlib.sha256(data).hexdigest() != track.index:
                raise self._wrong(f"index {track.index} has another digest")
            index = parse_index(data)
            pack = self._get(f"{self.centre.store_url}/packs/{track.index}")
            for row in index.segments:
                take_segment(row, pack[row.offset : row.offset + row.length])
            if len(pack) != index.pack_length:
                raise self._wrong(f"pack {track.index} has {len(pack)} bytes, not {index.pack_length}")
            indexes[track.index] = index
        return indexes

    def segments_on_node(self, release: Release, indexes: dict[str, Index]) -> tuple[int, int]:
        """How many segments the node holds of the tiers that it fetches, and their bytes; all must be there and sound.

        What it holds of another tier would be a fault, too: a school pays for its line.
        """
        sound = self.node.segments()
        fetched = {track.index for lesson in release.lessons for track in _fetched(lesson.media)}
        wanted = {row.digest for name in fetched for row in indexes[name].segments}
        missing = wanted - sound.keys()
        if missing:
            raise self._wrong(f"{len(missing)} of {len(wanted)} segments are missing or damaged on the node")
        more = {row.digest for index in indexes.values() for row in index.segments} & sound.keys() - wanted
        if more:
            raise self._wrong(f"the node holds {len(more)} segments of a tier that its screens do not play")
        return len(wanted), sum(sound[digest] for digest in wanted)

    def small_files(self, release: Release) -> int:
        """How many captions, stills and posters of the lesson the node serves, each as it was signed.

        They may come after the last segment, so this waits for them.
        """
        found = {blob.sha256: _kind(blob) for blob in self._lesson(release).blobs()}
        for digest, kind in found.items():
            if hashlib.sha256(self._get(f"{self.centre.store_url}/blobs/{digest}")).hexdigest() != digest:
                raise self._wrong(f"blob {digest} has another digest")
            url = f"{self.node.url}/media/blob/{digest}.{kind}"
            if hashlib.sha256(self._get(url, SMALL_SECONDS)).hexdigest() != digest:
                raise self._wrong(f"{url} has another digest")
        return len(found)

    def classroom(self, release: Release) -> int:
        """Go through the classroom's pages and media; returns the media's bytes."""
        lesson = self._lesson(release)
        if lesson.title not in html.unescape(self._get(f"{self.node.url}/").decode()):
            raise self._wrong("the node's page does not list the lesson")
        page = self._get(f"{self.node.url}/lessons/{release.course}/{lesson.id}").decode()
        media = f"{self.node.url}/media/{release.course}/{release.number}/{lesson.id}"
        if f"/media/{release.course}/{release.number}/{lesson.id}/lesson.m3u8" not in page:
            raise self._wrong("the lesson's page has no player for it")
        length = sum(len(self._get(url)) for url in self._hls(f"{media}/lesson.m3u8"))
        for rendition in lesson.media.renditions:
            if rendition.tier in tiers_fetched(lesson.media):
                ending = "" if rendition.tier is Tier.COMPATIBLE else f".{rendition.tier.value}"
                length += self._progressive(f"{media}/{rendition.rung.value}{ending}.mp4")
        return length

    def _hls(self, playlist: str) -> Iterator[str]:
        """Every init part and segment that a playlist leads to."""
        for track in _addresses(playlist, self._get(playlist).decode()):
            text = self._get(track).decode()
            if "#EXT-X-ENDLIST" not in text:
                raise self._wrong(f"{track} is not a whole playlist")
            yield from _addresses(track, text)

    def _progressive(self, url: str) -> int:
        """Read a file's beginning and its last byte by range; returns the bytes read."""
        begin = self.client.get(url, headers={"Range": "bytes=0-65535"})
        size = int(begin.headers.get("content-range", "*/0").rpartition("/")[2])
        end = self.client.get(url, headers={"Range": f"bytes={size - 1}-"})
        if begin.status_code != 206 or end.status_code != 206 or begin.content[4:8] != b"ftyp" or len(end.content) != 1:
            raise self._wrong(f"{url} cannot be read by ranges")
        return len(begin.content) + 1

    def _lesson(self, release: Release) -> Lesson:
        for lesson in release.lessons:
            if lesson.id == self.walked.lesson:
                return lesson
        raise self._wrong(f"lesson {self.walked.lesson} is not in the release")

    def _get(self, url: str, patience: float = 0) -> bytes:
        """What is at `url`; what is not there (404) may still come for so many seconds."""
        deadline = time.monotonic() + patience
        try:
            answer = self.client.get(url, headers={"Accept": "text/html, */*"})
            while answer.status_code == 404 and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
                answer = self.client.get(url, headers={"Accept": "text/html, */*"})
        except httpx2.HTTPError as error:
            raise self._wrong(f"{url} does not answer: {error}") from error
        if answer.status_code != 200:
            raise self._wrong(f"{url} answers {answer.status_code}")
        return answer.content

    def _wrong(self, what: str) -> CheckFailed:
        return CheckFailed(what=what, logs=str(self.centre.state.folder / "logs"))


def tiers_fetched(media: Media) -> tuple[Tier, ...]:
    """The tiers of a lesson that a node without orders of its own fetches: those of the plain policy that are there,
    or else the first that is."""
    return tuple(tier for tier in Policy().tiers if tier in media.tiers) or media.tiers[:1]


def _fetched(media: Media) -> Iterator[VideoTrack | SoundTrack]:
    """The tracks of the tiers that the node fetches, some of them more than once."""
    for rendition in media.renditions:
        if rendition.tier in tiers_fetched(media):
            yield from media.tracks(rendition.rung, rendition.tier)


def _kind(blob: Blob) -> str:
    """How a node's address of a small file ends."""
    if isinstance(blob, Caption):
        return "vtt"
    return "png" if isinstance(blob, Still) and blob.type == "image/png" else "jpg"


def _addresses(base: str, playlist: str) -> list[str]:
    """The addresses in an HLS playlist, absolute: its lines, and the URI attributes of its tags."""
    lines = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    return [str(httpx2.URL(base).join(word)) for word in [*re.findall(r'URI="([^"]+)"', playlist), *lines]]

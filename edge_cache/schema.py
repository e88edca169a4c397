"""The tables of node.db, and how those of an older node become these: a box in the field is never filled anew."""

FIRST_VERSION = 2
SCHEMA = """
create table fact (key text primary key, value text not null) without rowid;
create table assignment (course text primary key, partner text not null, release integer not null,
    position integer not null) without rowid;
create table release (course text not null, number integer not null, partner text not null, sha256 text not null,
    partner_name text not null, title text not null, description text not null, place text not null,
    published text not null, primary key (course, number)) without rowid;
create table lesson (course text not null, release integer not null, id text not null, number integer not null,
    title text not null, place text not null, duration_ms integer not null, poster text, document text not null,
    primary key (course, release, id));
create table track (id integer primary key, digest text not null unique, kind text not null, length integer not null,
    index_length integer not null, body blob, segments integer not null default 0, held integer not null default 0,
    held_bytes integer not null default 0);
create table tier (name text primary key) without rowid;
create table rendition (course text not null, release integer not null, lesson text not null, tier text not null,
    rung text not null, height integer not null, watchable integer not null, floor integer not null,
    wanted integer not null default 0, video integer, sound integer,
    primary key (course, release, lesson, tier, height)) without rowid;
create index rendition_video on rendition (video);
create index rendition_sound on rendition (sound);
create table segment (id integer primary key, digest blob not null unique, length integer not null,
    held integer not null default 0);
create table part (track integer not null, number integer not null, segment integer not null,
    primary key (track, number)) without rowid;
create index part_segment on part (segment);
create table blob (digest text primary key, length integer not null, held integer not null default 0) without rowid;
create table lesson_blob (course text not null, release integer not null, lesson text not null, digest text not null,
    still integer not null, primary key (course, release, lesson, digest)) without rowid;
create table serving (course text not null, lesson text not null, release integer not null,
    primary key (course, lesson)) without rowid;
create table problem (source text primary key, code text not null, message text not null, data text not null,
    since text not null) without rowid;
create table report (id text primary key, made text not null, body text not null) without rowid;

-- The newest known release of each course that the direction assigns.
create view current as select c.*, a.position from assignment a
    join release c on c.course = a.course and c.partner = a.partner
    and c.number = (select max(number) from release n where n.course = a.course);
-- Renditions with their tracks, and whether all segments of those are held.
create view rung as select r.*, v.digest as video_digest, s.digest as sound_digest,
    (r.video is null or (v.segments > 0 and v.held = v.segments))
    and (r.sound is null or (s.segments > 0 and s.held = s.segments)) as complete
    from rendition r left join track v on v.id = r.video left join track s on s.id = r.sound;
-- Lessons of current releases; `watchable` says that one can be taught with, `lacks_…` what of the policy is missing.
create view current_lesson as select l.*, c.position,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and r.watchable and r.complete) as watchable,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and r.floor and not r.complete) as lacks_floor,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and not r.complete) as lacks_media,
    exists (select 1 from lesson_blob k join blob b on b.digest = k.digest where k.course = l.course
        and k.release = l.release and k.lesson = l.id and not k.still and not b.held) as lacks_words,
    exists (select 1 from lesson_blob k join blob b on b.digest = k.digest where k.course = l.course
        and k.release = l.release and k.lesson = l.id and k.still and not b.held) as lacks_stills
    from current c join lesson l on l.course = c.course and l.release = c.number;
"""

WHAT_IS_NEEDED = """
-- Renditions that a class may ask for: of an assigned course, in its newest release or in the one that a lesson serves.
create view live_rendition as select r.* from rendition r
    where exists (select 1 from assignment a where a.course = r.course)
    and (r.release = (select max(number) from release n where n.course = r.course)
        or exists (select 1 from serving v
            where v.course = r.course and v.lesson = r.lesson and v.release = r.release));
-- Tracks of the policy's renditions, in the newest release of each assigned course, that are not wholly held.
create view lacking_track as select distinct c.course, k.id, k.digest, k.length, k.index_length, k.segments
    from current c join rendition r on r.course = c.course and r.release = c.number and r.wanted
    join track k on k.id in (r.video, r.sound) where k.segments = 0 or k.held < k.segments;
"""

ATTACHMENTS = """
-- `kind`: 0 captions and the poster, 1 a still, 2 a part of an attachment (`BlobKind` in the repository).
drop view current_lesson;
alter table lesson_blob rename column still to kind;
create index lesson_blob_digest on lesson_blob (digest);
create view current_lesson as select l.*, c.position,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and r.watchable and r.complete) as watchable,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and r.floor and not r.complete) as lacks_floor,
    exists (select 1 from rung r where r.course = l.course and r.release = l.release and r.lesson = l.id
        and r.wanted and not r.complete) as lacks_media,
    (select min(k.kind) from lesson_blob k join blob b on b.digest = k.digest where k.course = l.course
        and k.release = l.release and k.lesson = l.id and not b.held) as lacks_kind
    from current c join lesson l on l.course = c.course and l.release = c.number;
"""

WISHES = """
create table wish (course text not null, lesson text not null, wish text not null, since text not null,
    primary key (course, lesson)) without rowid;
-- A lesson serves its newest release: that it should come now is done with.
create trigger wish_came after insert on serving begin
    delete from wish where course = new.course and lesson = new.lesson and wish = 'get-now';
end;
create trigger wish_came_anew after update on serving begin
    delete from wish where course = new.course and lesson = new.lesson and wish = 'get-now';
end;
-- As before, and what a teacher keeps, though its course be no longer assigned.
drop view live_rendition;
create view live_rendition as select r.* from rendition r
    where (exists (select 1 from assignment a where a.course = r.course)
        or exists (select 1 from wish w where w.course = r.course and w.lesson = r.lesson and w.wish = 'pin'))
    and (r.release = (select max(number) from release n where n.course = r.course)
        or exists (select 1 from serving v
            where v.course = r.course and v.lesson = r.lesson and v.release = r.release));
"""

CHANGES: tuple[str, ...] = (
    # Signed statements as they came, by their names in the store, for peers and drives.
    "create table statement (name text primary key, body blob not null)",
    # The timetable. `told` is the digest of the entry as the centre has it; `played` counts devices by the hour.
    "create table timetable_entry (id text primary key, digest text not null, body text not null, told text)"
    " without rowid;"
    "create table played (course text not null, lesson text not null, day text not null, hour integer not null,"
    " count integer not null, primary key (day, hour, course, lesson)) without rowid;",
    WHAT_IS_NEEDED,
    ATTACHMENTS,
    WISHES,
)
"""What was changed since the first version, in order: each is applied once, whole or not at all, to every node."""

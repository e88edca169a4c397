"""Captions: whatever file a partner has becomes one small WebVTT file that every player in a school reads.

`service` stores; `reading` turns a file's bytes into cues: `encodings` finds the text in the bytes, `formats` says what
it is, one of `webvtt`, `subrip`, `substation` and `ttml` takes the cues out (each with `markup` for what is inside a
cue), `cues` puts them in order and in time, and `webvtt` writes them. `remarks` are what a person should know.

The parsers are our own and small, because each input is hostile until read: pysubs2 takes quadratic time and memory
over one long line and ttconv quadratic time over many cues and a stack frame per nested tag, and neither says in which
line a fault is. They check our parsers in the tests.
"""

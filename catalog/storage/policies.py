"""Who may do what with the buckets, without credentials: the documents that S3 takes."""

import json


def cors_rule(*, writable: bool) -> bytes:
    """Return the CORS rule: browsers may read, and where `writable` PUT to presigned addresses.

    Any origin is allowed, because what opens the private bucket is the signature in the address, never the origin.
    Without a rule SeaweedFS would allow every method, and hide the headers that players and uploads need.
    """
    methods = ("GET", "HEAD", "PUT") if writable else ("GET", "HEAD")
    allowed = "".join(f"<AllowedMethod>{method}</AllowedMethod>" for method in methods)
    exposed = "".join(
        f"<ExposeHeader>{header}</ExposeHeader>"
        for header in ("ETag", "Content-Range", "Content-Length", "Accept-Ranges")
    )
    return (
        "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>"
        f"{allowed}<AllowedHeader>*</AllowedHeader>{exposed}<MaxAgeSeconds>3600</MaxAgeSeconds>"
        "</CORSRule></CORSConfiguration>"
    ).encode()


def anonymous_read(bucket: str) -> str:
    """Return the policy by which anyone may GET an object whose name they know, and may not list names."""
    statement = {
        "Sid": "AnyoneMayGetByName",
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

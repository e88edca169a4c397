"""The object store: the port in `base`, and `s3`, the only module that speaks to one."""

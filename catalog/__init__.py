"""The domain on which the programs stand; an edge node needs only `catalog.formats` and `catalog.look`."""

"""Boxes that help each other on the LAN: what a node gives its peers, how it finds them and asks them."""

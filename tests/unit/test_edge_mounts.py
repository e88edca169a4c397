"""Which mounts are looked at for a bundle: what somebody may have plugged in, and nothing that can hang."""

from pathlib import Path

from edge_cache.bundle.mounts import mounted_drives

MOUNTINFO = r"""
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 27 0:21 / /proc rw,relatime - proc proc rw
31 27 254:1 / /boot/efi rw - vfat /dev/vda1 rw
42 27 254:0 /run/netns /run/netns rw shared:1 - ext4 /dev/vda rw
61 27 8:1 / /media/teacher/U\040盘 ro,nosuid shared:9 - vfat /dev/sda1 ro,fmask=0022
62 27 8:17 / /media/songtan-sdb1 rw - exfat /dev/sdb1 rw
63 27 8:17 / /srv/again rw - exfat /dev/sdb1 rw
64 27 0:50 / /mnt/share rw - nfs4 server:/share rw
65 27 0:51 / /mnt/cloud rw - fuse.sshfs user@host: rw
66 27 8:33 / /mnt/ntfs rw - fuseblk /dev/sdc1 rw
67 27 7:3 / /snap/core/1 ro - squashfs /dev/loop3 ro
broken line
68 27 8:65 / - x
"""


def test_drives_are_found_and_network_and_system_mounts_are_not() -> None:
    assert mounted_drives(MOUNTINFO) == [Path("/media/teacher/U 盘"), Path("/media/songtan-sdb1"), Path("/mnt/ntfs")]


def test_nothing_mounted_is_no_drive() -> None:
    assert mounted_drives("") == []

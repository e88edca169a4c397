"""What our renditions cost and are worth beside PeerTube's, MediaCMS's and ricecooker's, in one run."""

"""Names of files that operating systems, file servers and sync programs leave in any folder ("litter"). Litter is
neither a finding nor a foreign file, and litter folders are not searched. This is the only such list."""

import re
from fnmatch import translate

MACOS = (
    *(".DS_Store", "._*", ".AppleDouble", ".AppleDB", ".AppleDesktop", ".apdisk", ".localized", "Icon\r"),
    *(".fseventsd", ".Spotlight-V100", ".Trashes", ".TemporaryItems", ".DocumentRevisions-V100", ".VolumeIcon.icns"),
    *(".com.apple.timemachine.*", ".metadata_never_index", "Network Trash Folder", "Temporary Items", ".afpDeleted*"),
)
WINDOWS = (
    *("Thumbs.db", "Thumbs.db:*", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "~$*"),
    *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information"),
)
LINUX = (
    *(".directory", ".hidden", ".thumbnails", ".Trash", ".Trash-*", "lost+found", ".nfs*", ".fuse_hidden*"),
    *(".goutputstream-*", ".~lock.*#", ".smbdelete*", ".snapshot", ".snapshots", ".zfs", ".xdg-volume-info"),
)
# Network disks of Synology, QNAP and others.
SERVERS = (
    *(
        "@eaDir",
        "#recycle",
        "#snapshot",
        "@Recycle",
        "@Recently-Snapshot",
        "@tmp",
    ),
    *(".@__thumb", ".SynologyWorkingDirectory", "*@SynoEAStream", "*@SynoResource"),
)
# Only names that no other program uses: a plain `something.tmp` can be somebody's data.
SYNC_PROGRAMS = (
    *(".stfolder*", ".stversions", ".stignore", ".syncthing.*.tmp", "~syncthing~*.tmp"),  # Syncthing
    *(".dropbox*", ".dropbox.cache"),  # Dropbox
    *(".tmp.drivedownload", ".tmp.driveupload"),  # Google Drive
    ".849C9593-D756-4E56-8D6E-42412F2A707B",  # OneDrive
    *("._sync_*.db*", ".sync_*.db*", ".csync_journal.db*", ".capture_*.~*"),  # Nextcloud, ownCloud
    *(".owncloudsync.log*", ".nextcloudsync.log*"),
    *(".sync", ".SyncID", ".SyncIgnore", ".SyncArchive", "*.!sync"),  # Resilio Sync
    *(".capture_*.??????", ".~tmp~", ".rsync-partial"),  # rsync
    f"*.{'[0-9a-f]' * 8}.partial",  # rclone
    ".unison.*.unison.tmp",  # Unison
    *("*.ffs_tmp", ".sync.ffs_db", "sync.ffs_db", "sync.ffs_lock"),  # FreeFileSync
)
# Some file systems distinguish upper and lower case in names, some do not.
_LITTER = re.compile(
    "|".join(translate(name) for name in (*MACOS, *WINDOWS, *LINUX, *SERVERS, *SYNC_PROGRAMS)), re.IGNORECASE
)


def is_litter(name: str) -> bool:
    """Return True if systems or sync programs make files or folders of this name."""
    return _LITTER.match(name) is not None

"""Which file system a place is on (Linux tells; elsewhere nothing is known)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

#: File systems of other machines: locks and events are as good as the other machine's.
_REMOTE: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs"),
        *("virtiofs", "vboxsf"),
    }
)

#: Where a line of mountinfo has the mount point.
_MOUNTED_AT: Final = 4


def kind_of(mounts: str, place: Path) -> str:
    """The kind of file system that a place is on.

    Args:
        mounts: What ``/proc/self/mountinfo`` says (proc_pid_mountinfo(5)).
        place: An absolute path without links.

    Returns:
        Such as ``ext4`` or ``nfs4``; ``unknown`` where none is listed for it.
    """
    best, kind = -1, "unknown"
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, more = before.split(), after.split()
        if len(fields) <= _MOUNTED_AT or not more:
            continue
        point = Path(fields[_MOUNTED_AT].encode().decode("unicode_escape"))
        if (
            place.is_relative_to(point) and len(point.parts) >= best
        ):  # of two at one place the later one counts
            best, kind = len(point.parts), more[0]
    return kind


def is_remote(kind: str) -> bool:
    """Whether a kind of file system is of another machine, or of a program.

    Args:
        kind: Such as ``nfs4``.
    """
    return kind in _REMOTE or kind.startswith("fuse")


def kind_at(place: Path, mounts: Path = MOUNTS) -> str:
    """The kind of file system that a place is on; ``unknown`` where the system does not tell.

    Args:
        place: A path.
        mounts: The system's list of mounted file systems.
    """
    try:
        return kind_of(mounts.read_text(encoding="utf-8"), place.resolve())
    except OSError:
        return "unknown"

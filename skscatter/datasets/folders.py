"""The recordings below a folder, and their labels."""

import os
from dataclasses import dataclass, field
from pathlib import Path

# How the names of recordings end. Files with other names are not recordings.
ENDINGS = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aifc", ".aiff", ".au", ".snd", ".caf"),
    *(".flac", ".mp3", ".oga", ".ogg", ".opus", ".sph"),
    # Formats that nothing here reads: an error says so, instead of leaving them out silently.
    *(".aac", ".amr", ".m4a", ".wma"),
)


@dataclass
class Folder:
    """The contents of a folder and of those below it.

    Attributes
    ----------
    root : Path
    recordings : list of Path
        In ascending order.
    sub_folders : list of Path
        Those directly in `root`.
    unreadable : dict of Path to OSError
        Folders that cannot be read, and links that lead nowhere.
    repeated : dict of Path to Path
        Links to folders that are read under another path, which is the value.
    """

    root: Path
    recordings: list[Path] = field(default_factory=list)
    sub_folders: list[Path] = field(default_factory=list)
    unreadable: dict[Path, OSError] = field(default_factory=dict)
    repeated: dict[Path, Path] = field(default_factory=dict)

    def label(self, path: Path) -> str:
        """Return the name of the sub-folder that a recording is in."""
        return path.relative_to(self.root).parts[0]


def read_folder(root: Path) -> Folder:
    """List the recordings in a folder and in those below it.

    Links to folders are followed. Each folder is read once, under a path without links if there is
    one, so that cycles of links end. Names that begin with a dot are skipped.
    """
    found = Folder(root)
    first_paths: dict[tuple[int, int], Path] = {}
    folders, links = [root], list[Path]()
    while folders or links:
        folder = (folders or links).pop(0)
        try:
            status = folder.stat()
            with os.scandir(folder) as scan:
                entries = [entry for entry in scan if not entry.name.startswith(".")]
        except OSError as error:
            found.unreadable[folder] = error
            continue
        first = first_paths.setdefault((status.st_dev, status.st_ino), folder)
        if first != folder:
            found.repeated[folder] = first
            continue
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = folder / entry.name
            try:
                is_link = not entry.is_dir(follow_symlinks=False)
                is_folder = path.is_dir() if path.stat() else False
            except OSError as error:
                found.unreadable[path] = error
                continue
            if is_folder:
                (links if is_link else folders).append(path)
                if folder == root:
                    found.sub_folders.append(path)
            elif entry.name.lower().endswith(ENDINGS):
                found.recordings.append(path)
    found.recordings.sort()
    return found


def find_labels(folder: Folder) -> list[str] | None:
    """Return the label of each recording: the sub-folder that it is in.

    Returns
    -------
    labels : list of str, or None
        None if the recordings are in the folder itself.

    Raises
    ------
    ValueError
        If the labels are ambiguous.
    """
    source = f"source={os.fspath(folder.root)!r}"
    at_top = [path for path in folder.recordings if path.parent == folder.root]
    if len(at_top) == len(folder.recordings):
        return None
    if at_top:
        raise ValueError(
            f"{source} has recordings in sub-folders, whose names are the labels, but "
            f"{at_top[0].name} and {len(at_top) - 1} more are beside these, without a label. Move "
            "them into a sub-folder, or pass a list of files."
        )
    labels = [folder.label(path) for path in folder.recordings]
    classes = {path.parent.name for path in folder.recordings if path.parent.parent == folder.root}
    for path, label in zip(folder.recordings, labels, strict=True):
        if label not in classes:
            inner = path.relative_to(folder.root).parts[1]
            raise ValueError(
                f"{source} has no recordings in the sub-folder {label!r} itself, but in folders "
                f"below it, such as {inner!r}. Which of them is the label? Pass "
                f"source={os.fspath(folder.root / label)!r} if it is {inner!r}, or a list of files."
            )
    return labels

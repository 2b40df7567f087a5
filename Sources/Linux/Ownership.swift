package import Glibc

/// Whom files belong to.
package enum Ownership {
    /// Makes a user and group the owner of what is at `path`. A link that somebody else than root has put there leads nowhere: it
    /// could name what is not the server's.
    package static func give(_ path: String, _ uid: uid_t, _ gid: gid_t) {
        var entry = stat()
        guard unsafe lstat(path, &entry) == 0 else { return }
        let isLink = entry.st_mode & S_IFMT == S_IFLNK
        if isLink, entry.st_uid != 0 { return }
        _ = unsafe chown(path, uid, gid)
    }
}

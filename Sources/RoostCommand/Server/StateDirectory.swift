import CLinux
import Commands
import Fleet
import Foundation
import Glibc
import Images
import Linux

/// The directory with the server's state, and the owners of its parts.
///
/// Root works by path only where root alone can change names: in the directory itself and in ``rootPlaces``. The server's user owns
/// ``ownPlaces`` and the images' directories. Root creates those, and afterwards enters them only through a ``ForeignDirectory``.
struct StateDirectory {
    /// A directory owned by root.
    private struct Place {
        var name: String
        var mode: mode_t = 0o700
        /// Whether the server's user reads it or creates directories in it.
        var isShared = false
    }

    /// Keys, the control center's authority, the node archives, the nodes' trees. In `images` the server's user creates directories of its
    /// own, and cannot rename or remove root's (the sticky bit): versions are made there, on the disk that they stay on.
    private static let rootPlaces = [
        Place(name: "keys"), Place(name: "center", mode: 0o750, isShared: true),
        Place(name: "node", mode: 0o750, isShared: true), Place(name: "trees"),
        Place(name: "images", mode: 0o1770, isShared: true), Place(name: "images/\(ImageStore.building)"),
    ]
    /// The nodes' logs, the database with the leases, and volumes.
    private static let ownPlaces = ["logs", store, "volumes"]
    static let store = "store"
    /// Root's files beside the directories.
    private static let rootFiles = ["lock", StateFiles.restoring]
    /// The files of earlier servers beside the directories. The database itself is last: until it has moved, none is opened.
    private static let oldStore = [
        StateFiles.journal, "\(StateFiles.database)-wal", "\(StateFiles.database)-shm", StateFiles.database,
    ]

    /// A user with its group.
    struct User: Equatable {
        var uid: uid_t
        var gid: gid_t
        static let current = User(uid: geteuid(), gid: getegid())
        static let root = User(uid: 0, gid: 0)
    }

    let path: String
    /// The server's user after it drops its rights.
    let user: User
    /// Receives a line for each correction.
    let note: (String) -> Void

    init(_ path: String, user: User, note: @escaping (String) -> Void) {
        self.path = path
        self.user = user
        self.note = note
    }

    /// For commands run by root: the server's user is the owner of the existing files.
    init(_ path: String, note: @escaping (String) -> Void = { printError($0) }) {
        let owner = (["."] + Self.ownPlaces).lazy
            .compactMap { FileStatus("\(path)/\($0)") }.first { $0.user != 0 }
        self.init(
            path,
            user: geteuid() == 0 && !BuildNamespace.isUnprivileged
                ? owner.map { User(uid: $0.user, gid: $0.group) } ?? .root : .current,
            note: note)
    }

    /// For programs other than the server that publish for it.
    var images: ImageStore { ImageStore(directory: "\(path)/images", owner: (user.uid, user.gid)) }
    var databasePath: String { "\(path)/\(Self.store)/\(StateFiles.database)" }
    var hasStore: Bool {
        FileStatus(databasePath) != nil || FileStatus("\(path)/\(StateFiles.database)") != nil
    }

    /// Exchanges root's rights for those of the store's owner, the only user that reads and writes there.
    func becomeOwnerOfStore() throws {
        guard isGiven, FileStatus("\(path)/\(Self.store)")?.user == user.uid else { return }
        guard roost_drop_privileges(user.uid, user.gid) == 0 else {
            throw SystemError("become user \(user.uid)")
        }
    }

    private var isGiven: Bool { geteuid() == 0 && user.uid != 0 }

    /// Creates what is missing, and converts what an earlier server left. Anything with the name of such a directory that is not a
    /// directory of root's is moved aside, without looking at its contents.
    func prepare() throws {
        if FileStatus(path) == nil {
            // Directories above it are not the server's.
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            guard unsafe mkdir(path, 0o700) == 0 else { throw SystemError("create \(path)") }
        }
        guard let status = FileStatus(path, follows: true) else {
            throw SystemError("read the status of \(path)")
        }
        // The server's user publishes its builds from a namespace of its own: everything exists, and is not its own to change.
        if BuildNamespace.isUnprivileged, status.user != geteuid() { return }
        try Self.requireOwner(status, of: path, user)
        if status.user != geteuid() { try requireNoServer() }
        // From here on only root changes names in it.
        if geteuid() == 0 { try take(path) }
        guard unsafe chmod(path, isGiven ? 0o710 : 0o700) == 0 else {
            throw SystemError("close \(path) to other users")
        }
        for name in Self.rootFiles {
            guard let status = FileStatus("\(path)/\(name)") else { continue }
            if !status.isFile || status.linkCount != 1 || status.user != geteuid() { try putAside(name) }
        }
        for place in Self.rootPlaces { try secure(place) }
        try takeOverOldStore()
        for name in Self.ownPlaces { try handOver(name) }
        try handOverImages()
    }

    /// Throws where the directory belongs to another user than this process's and the server's.
    static func requireOwner(_ status: FileStatus, of path: String, _ user: User) throws {
        guard ![geteuid(), user.uid].contains(status.user) else { return }
        guard geteuid() == 0 else {
            throw InvalidSetting(
                "\(path) belongs to user \(status.user): run the server as root, or give it a directory of this user (--state-directory)"
            )
        }
        throw InvalidSetting(
            "\(path) belongs to user \(status.user), and the server runs as \(user.uid): give it to root (chown root: \(path))"
        )
    }

    /// An earlier server uses the whole directory as its own.
    private func requireNoServer() throws {
        guard
            let lock = try? ForeignDirectory(path).file("lock")
        else { return }
        guard lock.lock() else {
            throw Failure(
                text:
                    "a server of an earlier version runs on \(path): restart it first (systemctl restart roost)",
                code: 4)
        }
    }

    // MARK: Root's

    private func secure(_ place: Place) throws {
        let path = "\(self.path)/\(place.name)"
        if let status = FileStatus(path), !isRoots(path) {
            if status.isDirectory, [user.uid, geteuid()].contains(status.user),
                place.name == "center" || place.name == "images"
            {
                // Earlier servers gave them to their user.
                try take(path)
                if place.name == "center" { try takeOverCenter(path) }
            } else {
                try putAside(place.name)
            }
        }
        if FileStatus(path) == nil, unsafe mkdir(path, 0o700) != 0 { throw SystemError("create \(path)") }
        if isGiven, place.isShared { try take(path) }
        guard unsafe chmod(path, isGiven ? place.mode : 0o700) == 0 else {
            throw SystemError("close \(path) to other users")
        }
    }

    /// Whether it is a directory of root's, or root's link to one.
    private func isRoots(_ path: String) -> Bool {
        guard FileStatus(path)?.user == geteuid(), let target = FileStatus(path, follows: true) else {
            return false
        }
        return target.isDirectory && target.user == geteuid() && !target.isOpen
    }

    /// Lets the store's owner pass through a directory of root's, as through this one.
    func open(_ path: String) throws {
        guard isGiven else { return }
        try take(path)
        guard unsafe chmod(path, 0o710) == 0 else { throw SystemError("open \(path) to the server's user") }
    }

    private func take(_ path: String) throws {
        guard unsafe chown(path, geteuid(), user.gid) == 0 else { throw SystemError("take over \(path)") }
    }

    /// The directory belonged to the server's user, with all files except the authority's key and secrets.
    private func takeOverCenter(_ place: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: place) {
            guard let status = FileStatus("\(place)/\(name)") else { continue }
            let isPlain = status.isFile && status.linkCount == 1
            let isMeant =
                status.user == 0 || CenterKeys.servedFiles.contains(name) || name == AgentKeys.fileName
            guard isPlain, isMeant else {
                try putAside("center/\(name)")
                continue
            }
            guard unsafe lchown("\(place)/\(name)", 0, 0) == 0, unsafe chmod("\(place)/\(name)", 0o600) == 0
            else {
                throw SystemError("take over \(place)/\(name)")
            }
        }
    }

    private func putAside(_ name: String) throws {
        var aside = "aside-\(name.replacing("/", with: "-"))"
        while FileStatus("\(path)/\(aside)") != nil { aside += "+" }
        note("\(path)/\(name) does not belong to root: renamed to \(aside), which can be removed")
        try DurableFile.move("\(path)/\(name)", to: "\(path)/\(aside)", at: .stateEntry)
    }

    // MARK: The server's user's

    private func takeOverOldStore() throws {
        let place = "\(path)/\(Self.store)"
        if FileStatus(place) != nil, try !isPlace(place) { try putAside(Self.store) }
        for name in Self.oldStore {
            guard let status = FileStatus("\(path)/\(name)") else { continue }
            guard status.isFile, status.linkCount == 1 else {
                throw InvalidSetting(
                    "\(path)/\(name) is not a regular file, or has another hard link: put the file itself there"
                )
            }
            if FileStatus(place) == nil, unsafe mkdir(place, 0o700) != 0 {
                throw SystemError("create \(place)")
            }
            guard FileStatus(place)?.user == geteuid() else {
                try putAside(name)
                continue
            }
            try DurableFile.move("\(path)/\(name)", to: "\(place)/\(name)", at: .stateEntry)
        }
    }

    private func handOver(_ name: String) throws {
        let place = "\(path)/\(name)"
        if FileStatus(place) != nil, try !isPlace(place) { try putAside(name) }
        if FileStatus(place) == nil, unsafe mkdir(place, 0o700) != 0 { throw SystemError("create \(place)") }
        guard isGiven else { return }
        // Root may have linked it to another disk.
        let target = URL(fileURLWithPath: place).resolvingSymlinksInPath().path
        guard FileStatus(target)?.user == 0 else { return }
        // Its owner changes last: until then only root changes names in it.
        try give(contentsOf: target)
        Ownership.give(target, user.uid, user.gid)
    }

    /// Images belong to the server's user, with their versions; the contents of a version stay as packed. `StateDirectory=`, which our unit
    /// had, made systemd give them to root.
    private func handOverImages() throws {
        guard isGiven else { return }
        for image in try rootsDirectories(in: "\(path)/images") {
            for version in try rootsDirectories(in: image) { Ownership.give(version, user.uid, user.gid) }
            Ownership.give(image, user.uid, user.gid)
        }
    }

    /// Root's directories without hidden ones, as paths.
    private func rootsDirectories(in place: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: place).filter { !$0.hasPrefix(".") }
            .map { "\(place)/\($0)" }
            .filter { FileStatus($0).map { $0.isDirectory && $0.user == 0 } ?? false }
    }

    /// - Throws: when it belongs to another user, as after a change of ‘user’ in the configuration.
    private func isPlace(_ place: String) throws -> Bool {
        guard let status = FileStatus(place), !status.isLink || status.user == geteuid(),
            let target = FileStatus(place, follows: true), target.isDirectory
        else { return false }
        guard [geteuid(), user.uid].contains(target.user) else {
            throw InvalidSetting(
                "\(place) belongs to user \(target.user), and the server runs as \(user.uid): change the owner (chown -R), or run as that user"
            )
        }
        return true
    }

    private func give(contentsOf place: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: place) {
            guard let status = FileStatus("\(place)/\(name)"), status.user == 0 else { continue }
            if status.isDirectory { try give(contentsOf: "\(place)/\(name)") }
            Ownership.give("\(place)/\(name)", user.uid, user.gid)
        }
    }
}

import CLinux
import Commands
import Fleet
import Foundation
import Glibc
import Linux
import Logging

extension Server {
    /// The user that the server becomes; root itself when the default user is missing.
    static func user(_ settings: ServerSettings) throws -> StateDirectory.User {
        guard geteuid() == 0 else { return .current }
        let name = settings.user ?? ServerSettings.defaultUser
        guard let entry = unsafe getpwnam(name) else {
            guard settings.user == nil else { throw noUser(name) }
            ServerLog.logger.warning("runs as root: there is no user ‘\(name)’ (useradd --system \(name))")
            return .root
        }
        return unsafe StateDirectory.User(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    }

    /// Throws when another server answers there: it would lose its socket.
    static func requireFree(socket path: String) throws {
        guard LocalSocket.isAnswered(path) else { return }
        throw InvalidSetting(
            "a server answers on \(path): stop it first, or give this one another socket (--socket, or socket in the configuration)"
        )
    }

    /// The user binds the local socket, so its directory must belong to that user alone.
    static func prepareSocket(_ path: String, _ user: StateDirectory.User) throws {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let files = FileManager.default
        if !files.fileExists(atPath: directory) {
            try files.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        }
        try requireSocketPlace(path, user)
        guard geteuid() == 0, user.uid != 0, FileStatus(directory, follows: true)?.user != user.uid else {
            return
        }
        Ownership.give(directory, user.uid, user.gid)
    }

    /// Throws where the socket's directory cannot be given to the user.
    static func requireSocketPlace(_ path: String, _ user: StateDirectory.User) throws {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard geteuid() == 0, user.uid != 0 else { return }
        guard let owner = FileStatus(directory, follows: true)?.user, owner != user.uid else { return }
        let others = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
            $0 != URL(fileURLWithPath: path).lastPathComponent
        }
        guard owner == 0, others.isEmpty else {
            throw InvalidSetting(
                "socket: \(directory) contains other files; put the socket into a directory of its own, such as /run/roost/api.sock"
            )
        }
    }

    /// Every socket is open by now, and everything that needs root has been created: no later step needs a capability.
    static func become(_ user: StateDirectory.User, _ settings: ServerSettings) throws {
        // Files created from now on are private. Workers have their own umask by now.
        umask(0o077)
        guard geteuid() == 0, user.uid != 0 else { return }
        guard roost_drop_privileges(user.uid, user.gid) == 0 else {
            throw SystemError("become user \(settings.user ?? ServerSettings.defaultUser)")
        }
        if let thread = waitForThreads(user) {
            throw InvalidSetting(
                "user: the server's thread \(thread) still has root privileges after it became user \(user.uid): please report this"
            )
        }
    }

    /// Milliseconds that threads may take to end: other programs may be using the processors.
    private static let endingLimit = 10_000

    /// Linux keeps users and capabilities per thread. glibc skips a thread that is about to end, which keeps them for a moment: wait for
    /// it.
    ///
    /// - Returns: an error that names a thread with permanent rights; nil when there is none.
    private static func waitForThreads(_ user: StateDirectory.User) -> String? {
        let begin = SystemClock.boot
        while let thread = threadWithRights(user) {
            guard SystemClock.boot - begin < endingLimit else { return thread }
            usleep(5_000)
        }
        return nil
    }

    private static func threadWithRights(_ user: StateDirectory.User) -> String? {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        for thread in threads {
            // A thread that ended meanwhile is harmless.
            let file = "/proc/self/task/\(thread)/status"
            guard let status = try? String(contentsOfFile: file, encoding: .utf8) else { continue }
            let lines = status.split(separator: "\n").map { $0.split { $0 == "\t" || $0 == " " } }
            guard !lines.allSatisfy({ isWithoutRights($0, user) }) else { continue }
            let named = lines.filter { ["Name:", "State:"].contains($0.first) }
            return named.map { $0.dropFirst().joined(separator: " ") }.joined(separator: ", ")
        }
        return nil
    }

    /// - Parameter words: a line of a thread's status (proc(5)).
    static func isWithoutRights(_ words: [Substring], _ user: StateDirectory.User) -> Bool {
        switch words.first {
        case "Uid:": words.dropFirst().allSatisfy { $0 == "\(user.uid)" }
        case "Gid:": words.dropFirst().allSatisfy { $0 == "\(user.gid)" }
        case "Groups:": words.count == 1
        case "CapPrm:", "CapEff:": words.dropFirst().allSatisfy { $0.allSatisfy { $0 == "0" } }
        default: true
        }
    }
}

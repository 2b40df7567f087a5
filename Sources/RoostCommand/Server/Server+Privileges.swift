import CLinux
import Commands
import Fleet
import Foundation
import Glibc
import Linux
import Logging

extension Server {
    /// The user that the server becomes; root itself where the one that nobody has named is missing.
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
            "a server answers on \(path): end it first, or give this one a socket of its own (--socket, or socket in the configuration)"
        )
    }

    /// The user binds the local socket, so its directory has to be the user's, and no one else's.
    static func prepareSocket(_ path: String, _ user: StateDirectory.User) throws {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let files = FileManager.default
        if !files.fileExists(atPath: directory) {
            try files.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        }
        guard geteuid() == 0, user.uid != 0 else { return }
        guard let owner = FileStatus(directory, follows: true)?.user, owner != user.uid else { return }
        let others = try files.contentsOfDirectory(atPath: directory).filter {
            $0 != URL(fileURLWithPath: path).lastPathComponent
        }
        guard owner == 0, others.isEmpty else {
            throw InvalidSetting(
                "socket: \(directory) holds other things; put the socket into a directory of its own, such as /run/roost/api.sock"
            )
        }
        Ownership.give(directory, user.uid, user.gid)
    }

    /// Every socket is open by now, and what root has to make is made: nothing that follows needs a capability.
    static func become(_ user: StateDirectory.User, _ settings: ServerSettings) throws {
        // What is made from now on is for nobody else. Workers have theirs by now.
        umask(0o077)
        guard geteuid() == 0, user.uid != 0 else { return }
        guard roost_drop_privileges(user.uid, user.gid) == 0 else {
            throw SystemError("become user \(settings.user ?? ServerSettings.defaultUser)")
        }
        if let thread = waitForThreads(user) {
            throw InvalidSetting(
                "user: the server's thread \(thread) still has rights of root after it became user \(user.uid): please report this"
            )
        }
    }

    /// For how long threads may take to end, in milliseconds: other programs may have the processors.
    private static let endingLimit = 10_000

    /// Linux keeps users and capabilities for each thread. glibc passes over one that is about to end, which then has them for a moment
    /// still: it is waited for.
    ///
    /// - Returns: what says which thread has rights for good; nil: none has.
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
            // One that has ended meanwhile can do nothing.
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
    private static func isWithoutRights(_ words: [Substring], _ user: StateDirectory.User) -> Bool {
        switch words.first {
        case "Uid:": words.dropFirst().allSatisfy { $0 == "\(user.uid)" }
        case "Gid:": words.dropFirst().allSatisfy { $0 == "\(user.gid)" }
        case "Groups:": words.count == 1
        case "CapPrm:", "CapEff:": words.dropFirst().allSatisfy { $0.allSatisfy { $0 == "0" } }
        default: true
        }
    }
}

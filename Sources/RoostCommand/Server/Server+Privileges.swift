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
            let text = "there is no user ‘\(name)’ (useradd --system \(name))"
            guard settings.user == nil else { throw InvalidSetting("user: \(text)") }
            ServerLog.logger.warning("runs as root: \(text)")
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
        guard isWithoutRights(user) else {
            throw InvalidSetting(
                "user: a part of the server still has rights of root after it became user \(user.uid): please report this"
            )
        }
    }

    /// Linux keeps users and capabilities for each thread, and a thread in a strange state may be passed over (proc(5)).
    private static func isWithoutRights(_ user: StateDirectory.User) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return threads.allSatisfy { thread in
            // One that has ended meanwhile can do nothing.
            let file = "/proc/self/task/\(thread)/status"
            guard let status = try? String(contentsOfFile: file, encoding: .utf8) else { return true }
            return status.split(separator: "\n").allSatisfy { line in
                let words = line.split { $0 == "\t" || $0 == " " }
                switch words.first {
                case "Uid:": return words.dropFirst().allSatisfy { $0 == "\(user.uid)" }
                case "Gid:": return words.dropFirst().allSatisfy { $0 == "\(user.gid)" }
                case "Groups:": return words.count == 1
                case "CapPrm:", "CapEff:": return words.dropFirst().allSatisfy { $0.allSatisfy { $0 == "0" } }
                default: return true
                }
            }
        }
    }
}

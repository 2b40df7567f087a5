import Commands
import Foundation
import Glibc

/// A private mount namespace for this program: its mounts vanish with it, even when it is killed.
///
/// Without root, it is inside a new user namespace, with subordinate numbers (subuid(5)) for the other owners of an image's files. Loop
/// devices and an image's devices are not available there.
enum BuildNamespace {
    private static let mark = "ROOST_BUILD_NAMESPACE"
    private static let isRoot = getuid() == 0

    /// Whether this process has root's rights only over its namespaces.
    static var isUnprivileged: Bool { ProcessInfo.processInfo.environment[mark] == "user" }

    /// Runs this program again inside; returns only inside.
    static func enter() throws {
        guard ProcessInfo.processInfo.environment[mark] == nil else { return }
        if !isRoot { try requireSubordinateNumbers() }
        unsafe setenv(mark, isRoot ? "root" : "user", 1)
        let words =
            ["/usr/bin/unshare"] + (isRoot ? [] : ["--user", "--map-auto", "--map-root-user"])
            + ["--mount", "--propagation=private", "--"]
            + [try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
            + CommandLine.arguments.dropFirst()
        // A pool's thread blocks nearly all signals, and programs that it executes inherit that.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigprocmask(SIG_SETMASK, &none, nil)
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        unsafe execv(words[0], &pointers)
        throw Failure(text: "\(words[0]) cannot be run (errno \(errno))", code: 1)
    }

    /// For acts that no namespace makes possible.
    static func requireRoot(to act: String) throws {
        guard isRoot, !isUnprivileged else {
            throw Failure(text: "only root can \(act), because it has to be mounted", code: 1)
        }
    }

    private static func requireSubordinateNumbers() throws {
        let user = NSUserName()
        let names = ["\(user):", "\(getuid()):"]
        let hasNumbers = ["/etc/subuid", "/etc/subgid"].allSatisfy { file in
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").contains { line in names.contains { line.hasPrefix($0) } }
        }
        guard hasNumbers, FileManager.default.isExecutableFile(atPath: "/usr/bin/newuidmap") else {
            throw Failure(
                text: """
                    to work without root, \(user) needs subordinate IDs for the owners of the image's files:
                      apt install uidmap; usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(user)
                    """, code: 1)
        }
    }
}

import Foundation
import Glibc
import Linux
import Synchronization
import Testing
import Wire

@testable import Images

@Suite(.enabled(if: (try? Confinement.check()) != nil, "this host cannot confine programs (bubblewrap)"))
struct ConfinementTests {
    private let place = NSTemporaryDirectory() + "roost-confined-\(UUID())"

    private func withPlace(_ body: () throws -> Void) throws {
        let files = FileManager.default
        for name in ["input", "output", "other"] {
            try files.createDirectory(atPath: "\(place)/\(name)", withIntermediateDirectories: true)
            try Data(name.utf8).write(to: URL(fileURLWithPath: "\(place)/\(name)/file"))
        }
        defer { try? files.removeItem(atPath: place) }
        try body()
    }

    /// Whether a script succeeds, on this host as it is and confined.
    private func results(_ script: String, _ confinement: Confinement) throws -> (free: Bool, confined: Bool)
    {
        let program = try Program("bash", package: "bash")
        func succeeds(_ program: Program) -> Bool { (try? program.run(["-c", script])) != nil }
        return (succeeds(program), succeeds(program.confined(confinement)))
    }

    @Test func `a program reads its input, changes its output, and reaches nothing else`() throws {
        try withPlace {
            let confinement = Confinement(reads: ["\(place)/input"], writes: ["\(place)/output"])
            for script in ["cat \(place)/input/file", "echo x >\(place)/output/new", "echo x >/tmp/own"] {
                let result = try results(script, confinement)
                #expect(result.confined, "\(script)")
            }
            #expect(try String(contentsOfFile: "\(place)/output/new", encoding: .utf8) == "x\n")
            let port = UInt16.random(in: 20_000...30_000)
            let listener = try Socket.listening(.loopback, port: port)
            for script in [
                "test -r /etc/passwd", "test -e /var/lib", "cat \(place)/other/file", "ls \(place)/other",
                "echo x >>\(place)/input/file", "echo x >>\(place)/other/file",
                "exec 3<>/dev/tcp/127.0.0.1/\(port)", "kill -0 \(getpid())",
            ] {
                let (free, confined) = try results(script, confinement)
                #expect(free && !confined, "\(script)")
            }
            _ = listener.number
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root has rights to give up"))
    func `root's rights are dropped except those over files, and no devices can be created`() throws {
        try withPlace {
            let output = "\(place)/output"
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600, .ownerAccountID: 7], ofItemAtPath: "\(output)/file")
            // Not tried without: these would change the host.
            func succeeds(_ script: String, _ rights: Confinement.Rights) throws -> Bool {
                let confinement = Confinement(writes: [output], rights: rights)
                let program = try Program("bash", package: "bash").confined(confinement)
                return (try? program.run(["-c", script])) != nil
            }
            for script in [
                "cat /etc/shadow", "mount -t tmpfs none \(output)", "mknod \(output)/null c 1 3",
                "chroot / true",
            ] {
                for rights in [Confinement.Rights.none, .reading, .ownership] {
                    let isDone = try succeeds(script, rights)
                    #expect(!isDone, "\(script), \(rights)")
                }
            }
            for (script, rights) in [
                ("cat \(output)/file", [Confinement.Rights.reading, .ownership]),
                ("echo y >>\(output)/file", [.ownership]), ("chown 5:6 \(output)/file", [.ownership]),
            ] {
                for each in [Confinement.Rights.none, .reading, .ownership] {
                    let isDone = try succeeds(script, each)
                    #expect(isDone == rights.contains(each), "\(script), \(each)")
                }
            }
        }
    }

    @Test func `a program gets so much memory, and no more`() throws {
        // tail keeps all that it may have to print.
        let script = "set -o pipefail; head -c 200M /dev/zero | tail -c 150M | wc -c"
        let program = try Program("bash", package: "bash")
        var confinement = Confinement()
        let free = try program.confined(confinement).run(["-c", script])
        #expect(String(decoding: free, as: UTF8.self) == "157286400\n")
        confinement.memoryByteLimit = 64 << 20
        #expect(throws: ProgramFailure.self) { try program.confined(confinement).run(["-c", script]) }
    }

    @Test func `a confined program that prints without end is ended, and a line without end is cut`() throws {
        let program = try Program("sh", package: "dash").confined(Confinement())
        #expect(throws: ImageLacks.self) { try program.run(["-c", "cat /dev/zero"]) }
        let lines = Mutex<[String]>([])
        try program.run(["-c", "head -c 3M /dev/zero | tr '\\0' a >&2; echo >&2; echo end >&2"]) { line in
            lines.withLock { $0.append(line) }
        }
        let told = lines.withLock(\.self)
        #expect(told.count == 2 && told.last == "end")
        #expect((1...1 << 20).contains(told.first?.utf8.count ?? 0))
    }

    @Test(.enabled(if: geteuid() == 0, "only root becomes another user"))
    func `confinement also works without root`() throws {
        let words = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "--"]
        let bwrap = try Program("bwrap", package: "bubblewrap").path
        let told = try Program("setpriv", package: "util-linux").run(
            words + [bwrap] + Confinement().arguments([:]) + ["/usr/bin/id", "-u"])
        #expect(String(decoding: told, as: UTF8.self) == "65534\n")
    }

    @Test func `on a host that cannot confine, nothing runs, and the error says what to do`() throws {
        let name = "ROOST_TEST_REFUSED"
        let program = try Program("sh", package: "dash").confined(Confinement(reads: ["/nowhere/\(name)"]))
        let refusal = #expect(throws: ConfinementRefused.self) {
            try program.run(["-c", "touch /tmp/\(name)"])
        }
        #expect(refusal?.description.contains("was not run") == true)
        #expect(refusal?.description.contains("RestrictNamespaces") == true)
    }
}

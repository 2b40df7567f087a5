import Foundation
import Glibc
import Linux
import Testing

/// What the package's scripts do on installation and removal. Their path contains only stand-ins that record how they are called: nothing
/// on this machine changes.
@Suite struct MaintainerScriptTests {
    private static let commands = [
        "systemctl", "systemd-sysusers", "systemd-tmpfiles", "deb-systemd-invoke", "deb-systemd-helper", "rm",
        "rmdir",
    ]
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Packaging/debian")

    /// The calls of a script with arguments, on a machine that runs systemd.
    ///
    /// - Parameter returns: stands for the note that the package returns after a removal.
    private func calls(_ script: String, _ arguments: String..., returns: URL? = nil) throws -> [String] {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(
            "roost-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let log = place.appendingPathComponent("log")
        for command in Self.commands {
            let file = place.appendingPathComponent(command)
            try Data("#!/bin/sh\necho \(command) \"$@\" >>'\(log.path)'\n".utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        let source = Self.folder.appendingPathComponent("roost.\(script)")
        let text = try String(contentsOf: source, encoding: .utf8)
            .replacingOccurrences(of: "/run/systemd/system", with: place.path)
            .replacingOccurrences(of: "/run/roost.returns", with: "\(returns?.path ?? place.path + "/none")")
        let process = try ChildProcess(
            "/bin/sh", ["-c", text, script] + arguments, environment: ["PATH": place.path],
            input: STDIN_FILENO,
            output: STDOUT_FILENO, errors: STDERR_FILENO)
        #expect(process.wait() == 0, "\(script) \(arguments)")
        return ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    @Test func `an upgrade restarts a running server, and leaves a stopped one alone`() throws {
        // Nothing stops it earlier: otherwise something would have to start it again afterwards.
        #expect(try calls("prerm", "upgrade", "2.0") == [])
        let after = try calls("postinst", "configure", "1.0")
        #expect(after.contains("deb-systemd-invoke try-restart roost.service"))
        let reload = try #require(after.firstIndex { $0.hasSuffix("daemon-reload") })
        let restart = try #require(after.firstIndex { $0.contains("try-restart") })
        #expect(reload < restart)
        #expect(
            !after.contains { $0.contains(" start ") || $0.contains(" restart ") || $0.contains(" enable ") })
    }

    @Test func `a first installation starts nothing`() throws {
        let calls = try calls("postinst", "configure", "")
        #expect(calls.contains("systemd-sysusers roost.conf"))
        #expect(!calls.contains { $0.contains("start") || $0.contains(" enable ") })
    }

    @Test func `a package that returns after a removal is started as it was enabled`() throws {
        let note = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: note) }
        for arguments in [["install", ""], ["upgrade", "1.0"]] {
            #expect(try calls("preinst", arguments[0], arguments[1], returns: note) == [])
            #expect(!FileManager.default.fileExists(atPath: note.path))
        }
        #expect(try calls("preinst", "install", "1.0", returns: note) == [])
        #expect(FileManager.default.fileExists(atPath: note.path))
        let after = try calls("postinst", "configure", "1.0", returns: note)
        #expect(after.contains("systemctl --quiet is-enabled roost.service"))
        #expect(after.contains("deb-systemd-invoke start roost.service"))
        #expect(after.contains("rm -f \(note.path)") && !after.contains { $0.contains("try-restart") })
    }

    @Test func `a removal stops the server, and leaves configuration and state`() throws {
        #expect(try calls("prerm", "remove").contains("deb-systemd-invoke stop roost.service"))
        let calls = try calls("postrm", "remove")
        #expect(!calls.contains { $0.contains("/var/") || $0.contains("/etc/") })
        #expect(calls.contains { $0.hasSuffix("daemon-reload") })
    }

    @Test func `a purge removes the link of an enabled unit, state and caches`() throws {
        let calls = try calls("postrm", "purge")
        #expect(calls.contains("deb-systemd-helper purge roost.service"))
        #expect(calls.contains("rm -rf /var/lib/roost /var/cache/roost"))
        // The link was recorded at installation.
        #expect(
            try self.calls("postinst", "configure", "").contains(
                "deb-systemd-helper update-state roost.service"))
    }

    @Test func `the package keeps the configuration, and no unit`() throws {
        let file = Self.folder.appendingPathComponent("roost.conffiles")
        #expect(try String(contentsOf: file, encoding: .utf8) == "/etc/roost/roost.yaml\n")
    }
}

import Foundation
import Testing

@testable import Images

@Suite final class ImageLintTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    init() throws {
        try put("sbin/init", "#!/bin/sh\n")
        try put("etc/os-release", "NAME=test\n")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func put(_ path: String, _ text: String, mode: Int = 0o644) throws {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    }

    private func refused(_ allowed: Set<ImageLint.Rule> = []) -> [ImageLint.Rule] {
        do {
            _ = try ImageLint(root: root, allowed: allowed).check()
            return []
        } catch {
            return (error as? ImageLint.Refusal)?.findings.map(\.rule) ?? []
        }
    }

    @Test func `a clean root passes`() throws {
        try put("etc/ssl/cert.pem", "-----BEGIN CERTIFICATE-----\n")
        try put("etc/ssh/ssh_host_ed25519_key", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
        #expect(try ImageLint(root: root, allowed: []).check() == [])
    }

    @Test func `a root without an init is refused`() throws {
        try FileManager.default.removeItem(atPath: "\(root)/sbin/init")
        #expect(refused() == [.noInit])
        // A link counts when its target is in the root, not when it is on this host.
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/sbin/init", withDestinationPath: "/bin/sh")
        #expect(refused() == [.noInit])
        try put("bin/sh", "")
        #expect(refused() == [])
    }

    @Test func `a private key is found wherever keys are kept, with advice`() throws {
        try put("root/.ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
        try put("etc/ssl/private/site.key", "-----BEGIN RSA PRIVATE KEY-----\n")
        try put("usr/share/doc/example.key", "-----BEGIN RSA PRIVATE KEY-----\n")
        #expect(refused() == [.privateKeys])
        #expect(refused([.privateKeys]) == [])
        do {
            _ = try ImageLint(root: root, allowed: []).check()
        } catch {
            #expect(
                "\(error)".contains("etc/ssl/private/site.key") && "\(error)".contains("root/.ssh/id_ed25519")
            )
            #expect("\(error)".contains("--allow private-keys") && !"\(error)".contains("usr/share"))
        }
    }

    @Test func `a setuid program must belong to a package`() throws {
        try put("usr/bin/su", "x", mode: 0o4755)
        try put("var/lib/dpkg/info/util-linux.list", "/.\n/bin\n/bin/su\n")
        #expect(refused() == [])
        try put("usr/local/bin/tool", "x", mode: 0o4755)
        try put("usr/local/bin/not-executable", "x", mode: 0o4644)
        #expect(refused() == [.setUserID])
        #expect(refused([.setUserID]) == [])
    }

    @Test func `files that only cost room are reported, but do not refuse the root`() throws {
        try put("boot/vmlinuz-6.1.0-9", "kernel")
        try put("var/cache/dnf/packages/a.rpm", "x")
        let findings = try ImageLint(root: root, allowed: []).check()
        #expect(findings.map(\.rule) == [.otherKernels, .caches])
        #expect(findings.first?.text.contains("vmlinuz-6.1.0-9") == true)
        #expect(try ImageLint(root: root, allowed: [.caches, .otherKernels]).check() == [])
    }
}

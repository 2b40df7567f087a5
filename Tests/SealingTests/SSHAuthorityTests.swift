import Foundation
import Glibc
import Linux
import Sealing
import Testing

/// Certificates for SSH host keys, and keys of WireGuard, as their own tools read them.
@Suite struct SSHAuthorityTests {
    private static func output(of program: String, _ arguments: [String]) throws -> (
        status: Int32, text: String
    ) {
        let output = Pipe()
        let process = try ChildProcess(
            program, arguments, input: STDIN_FILENO, output: output.fileHandleForWriting.fileDescriptor,
            errors: STDERR_FILENO)
        try output.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return (process.wait(), text)
    }

    private static func shown(_ certificate: String) throws -> String {
        let path = NSTemporaryDirectory() + "roost-\(UUID())-cert.pub"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("\(certificate)\n".utf8).write(to: URL(fileURLWithPath: path))
        let (status, text) = try output(of: "/usr/bin/ssh-keygen", ["-L", "-f", path])
        #expect(status == 0)
        return text
    }

    private static func terms(_ names: [String], serial: UInt64 = 4_711) -> SSHAuthority.Terms {
        SSHAuthority.Terms(serial: serial, identity: "pc-7", names: names, validity: 86_400..<172_800)
    }

    @Test func `OpenSSH reads the certificate of a host, and who signed it`() throws {
        let authority = SSHAuthority()
        let key = NodeSecrets().hostKey(of: "pc-7", number: 1)
        let text = try Self.shown(
            authority.certificate(of: key, Self.terms(["pc-7", "pc-7.farm.example", "10.0.0.7"])))
        #expect(text.contains("ssh-ed25519-cert-v01@openssh.com host certificate"))
        #expect(text.contains("Key ID: \"pc-7\"") && text.contains("Serial: 4711"))
        #expect(text.contains("Critical Options: (none)") && text.contains("Extensions: (none)"))
        let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let names = lines.drop { $0 != "Principals:" }.dropFirst().prefix {
            !$0.hasSuffix(":") && !$0.contains("Options")
        }
        #expect(Array(names) == ["pc-7", "pc-7.farm.example", "10.0.0.7"])
        // The same fingerprints as of the public lines.
        for (line, wanted) in [(key.publicLine, "Public key:"), (authority.publicLine, "Signing CA:")] {
            let path = NSTemporaryDirectory() + "roost-\(UUID()).pub"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try Data("\(line)\n".utf8).write(to: URL(fileURLWithPath: path))
            let said = try Self.output(of: "/usr/bin/ssh-keygen", ["-l", "-f", path]).text
            let fingerprint = try #require(said.split(separator: " ").dropFirst().first)
            #expect(lines.contains { $0.hasPrefix(wanted) && $0.contains(fingerprint) })
        }
    }

    @Test func `an authority comes back from its seed, and never signs twice alike`() throws {
        let authority = SSHAuthority()
        let same = try #require(SSHAuthority(seed: authority.seed))
        #expect(same.publicLine == authority.publicLine)
        #expect(SSHAuthority(seed: []) == nil && SSHAuthority().publicLine != authority.publicLine)
        let key = NodeSecrets().hostKey(of: "pc-7", number: 1)
        let both = [authority, same].map { $0.certificate(of: key, Self.terms(["pc-7"])) }
        #expect(both[0] != both[1])
        for certificate in both { #expect(try Self.shown(certificate).contains("Serial: 4711")) }
        // Odd names change nothing of the form.
        for names in [[], [""], [String(repeating: "a", count: 300)], ["a,b", "c d"]] {
            _ = try Self.shown(authority.certificate(of: key, Self.terms(names, serial: .max)))
        }
    }

    @Test func `a key of WireGuard is the one that other programs make of it, and each is another one`()
        throws
    {
        // The public key is OpenSSL's for these bytes.
        var secret = [UInt8](0..<32)
        secret[31] = 0x5F
        let key = WireGuardKey(secret: secret)
        #expect(key.privateText == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHl8=")
        #expect(key.publicText == "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=")
        #expect(Set((0..<20).map { _ in WireGuardKey().publicText }).count == 20)
        for _ in 0..<20 {
            let bytes = try #require(Data(base64Encoded: WireGuardKey().privateText))
            #expect(bytes.count == 32 && bytes[0] & 7 == 0 && bytes[31] & 0xC0 == 0x40)
        }
    }
}

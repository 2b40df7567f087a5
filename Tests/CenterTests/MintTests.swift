import API
import Fleet
import Foundation
import Linux
import Testing
import Wire

@testable import Center

/// Secrets that the server mints itself or with a program: what goes to the node, what people see, and what becomes of it.
@Suite struct MintTests {
    /// What a program says of files with these contents.
    private static func said(_ words: [String], _ contents: [String: [UInt8]]) throws -> String {
        let directory = try TemporaryDirectory()
        for (name, content) in contents {
            try Data(content).write(to: URL(fileURLWithPath: "\(directory.path)/\(name)"))
        }
        let arguments = words.dropFirst().map { contents[$0] == nil ? $0 : "\(directory.path)/\($0)" }
        let result = try LimitedProgram(words[0], arguments, environment: [:]).run(
            secondLimit: 20, outputLimit: 20_000)
        return String(decoding: result.output, as: UTF8.self)
    }

    private static func byPath(_ files: [SecretFile]) -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.content) })
    }

    // MARK: Certificates and keys

    @Test func `a node's SSH host key gets a certificate with its names, by an authority that people see`()
        async throws
    {
        let bench = try await MintBench()
        var wish = MintingRequest(kind: .sshHost)
        (wish.days, wish.names) = (30, ["NODE.farm.example"])
        let answer = try await bench.add(wish)
        let authority = try #require(answer.minted?.authority)
        #expect(authority.hasPrefix("ssh-ed25519 AAAA"))
        let minted = try await bench.mint()
        let files = Self.byPath(minted.files)
        #expect(
            files.keys.sorted() == [
                "/etc/ssh/sshd_config.d/10-minted.conf", "/run/minted", "/run/minted-cert.pub",
                "/run/minted.pub",
            ])
        #expect(minted.files.filter { $0.mode == 0o600 }.map(\.path) == ["/run/minted"])
        let shown = try Self.said(
            ["/usr/bin/ssh-keygen", "-L", "-f", "cert.pub"],
            ["cert.pub": try #require(files["/run/minted-cert.pub"])])
        for name in ["pc-1\n", "pc-1.farm.example\n", "10.0.0.7\n", "host certificate"] {
            #expect(shown.contains(name), "\(shown)")
        }
        let text = try #require(minted.shown)
        #expect(text.hasPrefix("serial ") && text.contains("ssh-ed25519 AAAA"))
        // Another authority is the next version, and another boot has another serial number.
        let name = try SecretName(MintBench.name)
        let rotated = try await bench.acts.changeSecret(name, SecretRequest(rotate: true)).record
        #expect(rotated.version == 2 && rotated.minted?.authority != authority)
        #expect(try await bench.mint("two").shown != minted.shown)
    }

    @Test func `a node that makes its own host key is told so, and gets no certificate`() async throws {
        let bench = try await MintBench()
        try await bench.add(MintingRequest(kind: .sshHost))
        try await bench.services.fleet.change(by: "test") { snapshot in
            var node = try #require(snapshot.nodes[NodeName("pc-1")])
            node.settings["ssh-host-key"] = .integer(0)
            return [.node(node.name, node)]
        }
        #expect(try await bench.failure().contains("set ssh-host-key to 1 or more"))
    }

    @Test func `a certificate has the node's names and address, and its own authority verifies it`()
        async throws
    {
        let bench = try await MintBench()
        var wish = MintingRequest(kind: .x509)
        wish.names = ["NODE.farm.example"]
        let answer = try await bench.add(wish)
        let minted = try await bench.mint()
        let files = Self.byPath(minted.files)
        let certificate = try #require(files["/run/minted.crt"])
        let authority = try #require(files["/run/minted.ca.crt"])
        #expect(answer.minted?.authority.map { Array($0.utf8) } == authority)
        #expect(
            try Self.said(
                ["/usr/bin/openssl", "verify", "-CAfile", "ca", "crt"], ["ca": authority, "crt": certificate]
            ).hasSuffix(": OK\n"))
        let shown = try Self.said(
            ["/usr/bin/openssl", "x509", "-in", "crt", "-noout", "-text"], ["crt": certificate])
        #expect(shown.contains("DNS:pc-1, DNS:pc-1.farm.example, IP Address:10.0.0.7"))
        #expect(shown.contains("TLS Web Server Authentication, TLS Web Client Authentication"))
        let keys = [
            try Self.said(
                ["/usr/bin/openssl", "x509", "-in", "crt", "-noout", "-pubkey"], ["crt": certificate]),
            try Self.said(
                ["/usr/bin/openssl", "pkey", "-in", "key", "-pubout"],
                ["key": try #require(files["/run/minted"])]),
        ]
        #expect(keys[0] == keys[1])
        let fingerprint = try Self.said(
            ["/usr/bin/openssl", "x509", "-in", "crt", "-noout", "-fingerprint", "-sha256"],
            ["crt": certificate]
        ).split(separator: "=").last
        let wanted = String(try #require(fingerprint)).trimmingCharacters(in: .newlines)
        #expect(minted.shown?.hasSuffix(wanted) == true)
    }

    @Test func `damaged keys and certificates make nothing`() {
        let good = X509Pair.authority(named: "test")
        for bad in [
            X509Pair(key: "", certificate: good?.certificate ?? ""),
            X509Pair(key: good?.key ?? "", certificate: "-----BEGIN CERTIFICATE-----"),
            // Not the key of this certificate.
            X509Pair(
                key: X509Pair.authority(named: "other")?.key ?? "", certificate: good?.certificate ?? ""),
        ] {
            #expect(bad.pair(subject: "a", names: ["DNS:a"], serial: 1, validity: 0..<9) == nil)
        }
        #expect(good?.pair(subject: "a", names: ["nonsense"], serial: 1, validity: 0..<9) == nil)
        #expect(X509Pair.fingerprint(of: "x") == nil)
    }

    @Test func `of a WireGuard key the public half is shown, and a key of munge is one for all`() async throws
    {
        let bench = try await MintBench()
        try await bench.add(MintingRequest(kind: .wireGuard))
        let minted = try await bench.mint()
        let files = Self.byPath(minted.files)
        #expect(files["/run/minted.pub"] == minted.shown.map { Array("\($0)\n".utf8) })
        #expect(files["/run/minted"]?.count == 45 && files["/run/minted"] != files["/run/minted.pub"])
        let name = try SecretName("munge")
        _ = try await bench.acts.addSecret(
            SecretRequest(name: name, arming: .eachBoot, minted: MintingRequest(kind: .munge)))
        func key(_ boot: String) async throws -> [UInt8]? {
            try await bench.store.claim([bench.claim(boot)]).first?.files?
                .first { $0.path == "/etc/munge/munge.key" }?.content
        }
        let first = try #require(try await key("two"))
        #expect(first.count == 128)
        #expect(try await key("three") == first)
        _ = try await bench.acts.changeSecret(name, SecretRequest(rotate: true))
        let second = try #require(try await key("four"))
        #expect(second != first && second.count == 128)
    }

    @Test func `what does not fit a kind is refused, and nothing is minted for people`() async throws {
        let bench = try await MintBench()
        var odd = MintingRequest(kind: .munge)
        odd.days = 3
        let wishes = [
            SecretRequest(name: try SecretName("a"), minted: odd),
            SecretRequest(name: try SecretName("a"), value: "x", minted: MintingRequest(kind: .x509)),
            SecretRequest(name: try SecretName("a"), minted: MintingRequest(kind: .kubernetes)),
            SecretRequest(name: try SecretName("a"), minted: MintingRequest(kind: .program)),
            SecretRequest(name: try SecretName("a"), value: "x", rotate: true),
        ]
        for wish in wishes {
            await #expect(throws: (any Error).self) { try await bench.acts.addSecret(wish) }
        }
        try await bench.add(MintingRequest(kind: .wireGuard))
        let name = try SecretName(MintBench.name)
        for wish in [SecretRequest(value: "x"), SecretRequest(rotate: true)] {
            await #expect(throws: (any Error).self) { try await bench.acts.changeSecret(name, wish) }
        }
    }
}

import Foundation
import Testing
import Wire

@testable import Fleet

/// How secrets are minted: what may be saved, and how it stands in a record.
@Suite struct MintingTests {
    private static let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

    private static func tokens(
        server: String = "https://10.0.0.1:6443", authority: String = certificate, minutes: Int = 10,
        groups: [String] = BootstrapTokens.usualGroups
    ) -> Minting {
        .kubernetes(
            BootstrapTokens(server: server, authority: authority, minutes: minutes, groups: groups))
    }

    private static let all: [Minting] = [
        .password(MintedPassword()),
        .sshHost(CertificateTerms(names: ["NODE.farm"], authority: "ssh-ed25519 A")),
        .x509(CertificateTerms(days: 30)), .munge, .wireGuard, tokens(),
        .program(MintingProgram(path: "/etc/roost/minting/ticket")),
    ]

    private static func saved(_ minting: Minting, value: [UInt8]? = nil, since known: FleetSnapshot? = nil)
        throws -> FleetSnapshot
    {
        let name = try SecretName("minted")
        let before = known ?? FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents())
        let secret = Secret(name: name, group: .site, minted: minting, changedAt: 5)
        return try before.applying([.secret(name, secret, value: value)], revision: before.revision + 1)
    }

    @Test func `each kind is one flat object in a record, and comes back as it was`() throws {
        #expect(Set(Self.all.map(\.kind)) == Set(Minting.Kind.allCases))
        for minting in Self.all {
            let json = try JSONEncoder().encode(minting)
            let members = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
            #expect(members["kind"] as? String == minting.kind.rawValue)
            #expect(try JSONDecoder().decode(Minting.self, from: json) == minting)
        }
        // Records from before there were kinds.
        let old = Data(#"{"length":20,"alphabet":"0123456789"}"#.utf8)
        let password = MintedPassword(length: 20, alphabet: "0123456789")
        #expect(try JSONDecoder().decode(Minting.self, from: old) == .password(password))
    }

    @Test(arguments: [
        Self.tokens(server: "http://10.0.0.1"), tokens(server: "https://10.0.0.1/path"),
        tokens(server: "https://user@10.0.0.1"), tokens(server: "https://10.0.0.1:6443\r\nHost: x"),
        tokens(server: ""), tokens(authority: "/etc/ca.crt"), tokens(minutes: 1), tokens(minutes: 100_000),
        tokens(groups: ["system:masters"]), tokens(groups: ["system:bootstrappers:A b"]),
        .program(MintingProgram(path: "ticket")), .program(MintingProgram(path: "/etc/../bin/sh")),
        .program(MintingProgram(path: "/a", seconds: 0)), .program(MintingProgram(path: "/a", seconds: 60)),
        .x509(CertificateTerms(days: 0)), .x509(CertificateTerms(days: 4_000)),
        .x509(CertificateTerms(names: ["a,IP:10.0.0.1"])), .sshHost(CertificateTerms(names: ["a\nb"])),
        .sshHost(CertificateTerms(names: ["*"])),
        .sshHost(CertificateTerms(names: (0..<17).map { "name\($0)" })),
    ])
    func `what cannot be minted is not saved`(minting: Minting) {
        #expect(throws: InvalidSetting.self) { try Self.saved(minting, value: [1]) }
    }

    @Test func `a credential is for the server or program that it was given for`() throws {
        let first = try Self.saved(Self.tokens(), value: Array("word".utf8))
        // Another server would get the credential of the first one.
        for other in [
            Self.tokens(server: "https://evil.example"), Self.tokens(authority: Self.certificate + "x"),
        ] {
            #expect(throws: InvalidSetting.self) { try Self.saved(other, since: first) }
            let changed = try Self.saved(other, value: [2], since: first)
            #expect(changed.contents.secrets.values.first?.version == 2)
        }
        #expect(throws: InvalidSetting.self) { try Self.saved(.munge, value: [1], since: first) }
        #expect(throws: InvalidSetting.self) { try Self.saved(.wireGuard, value: [1]) }
    }

    @Test func `a certificate has the node's own name first, and others by it`() throws {
        let terms = CertificateTerms(names: ["NODE.farm.example", "NODE", "*.farm.example"])
        #expect(
            terms.names(of: try NodeName("pc-1")) == ["pc-1", "pc-1.farm.example", "*.farm.example"])
    }

    @Test func `what munge and sshd read is where they read it`() throws {
        let munge = Secret(name: try SecretName("munge"), group: .site, minted: .munge, changedAt: 1)
        #expect(
            munge.path == "/etc/munge/munge.key" && munge.mode == 0o400 && munge.owner == "munge:munge")
        let host = Secret(
            name: try SecretName("host"), group: .site, minted: .sshHost(CertificateTerms()), changedAt: 1)
        #expect(host.path == "/etc/ssh/ssh_host_ed25519_key" && host.mode == 0o600)
        let other = Secret(
            name: try SecretName("munge"), group: .site, path: "/run/key", mode: 0o440, owner: "root",
            minted: .munge, changedAt: 1)
        #expect(other.path == "/run/key" && other.mode == 0o440 && other.owner == "root")
    }

    @Test
    func `a boot gets the kept value, a new password, or an order, and nothing where what it takes lacks`()
        throws
    {
        func content(_ minting: Minting?, _ kept: [UInt8]?) throws -> SecretContent? {
            var generator = SystemRandomNumberGenerator()
            return Secret(name: try SecretName("s"), group: .site, minted: minting, changedAt: 5)
                .content(kept: kept, using: &generator)
        }
        // A value that people set, and one that is the same for all nodes.
        for minting in [nil, Minting.munge] {
            #expect(try content(minting, [1]) == .value([1]))
            #expect(try content(minting, nil) == nil)
        }
        guard case .value(let password)? = try content(.password(MintedPassword(length: 12)), nil) else {
            Issue.record("a password needs nothing")
            return
        }
        #expect(password.count == 12)
        // The authority's key is there, and stays here.
        for minting in [Minting.sshHost(CertificateTerms()), .x509(CertificateTerms())] {
            #expect(try content(minting, [1]) == .order)
            #expect(try content(minting, nil) == nil)
        }
        #expect(try content(.wireGuard, nil) == .order)
        let program = Minting.program(MintingProgram(path: "/usr/local/lib/roost/mint"))
        #expect(try content(program, nil) == .order)
        #expect(try content(program, [1]) == .order)
    }

    @Test func `what was made is open until it is gone, and what was used until its node goes`() {
        let open = SecretMint.State.allCases.filter { $0.isOpen(whileNodeIsThere: true) }
        #expect(open == [.making, .made, .sent])
        #expect(
            SecretMint.State.allCases.filter { $0.isOpen(whileNodeIsThere: false) } == open + [.used])
    }

    @Test func `an answer sends what was made, and nothing else`() {
        let after = SecretMint.State.allCases.map(\.afterAnswer)
        #expect(after == [.making, .sent, .sent, .used, .failed, .removed])
    }

    @Test func `what did not go out is counted back, and arms the secret again`() throws {
        func receipt(_ count: Int) throws -> SecretReceipt {
            SecretReceipt(
                secret: try SecretName("join"), version: 1, armedIn: 8, node: try NodeName("pc-1"),
                machine: MACAddress(rawValue: 1), boot: "b", key: "k", at: 7, count: count)
        }
        for (before, after, armedIn) in [(2, 1, 8), (1, 0, 0), (0, 0, 0)] {
            let taken = try receipt(before).takenBack()
            #expect(taken.count == after && taken.armedIn == armedIn)
        }
        var mint = SecretMint(
            handle: "h", secret: try SecretName("join"), node: try NodeName("pc-1"),
            machine: MACAddress(rawValue: 1), boot: "b", at: 7)
        for state in SecretMint.State.allCases {
            mint.state = state
            #expect(mint.isTakenBack == (state == .failed))
        }
    }
}

package import Fleet
import Foundation
package import Sealing
import Wire

/// Makes secrets for boots of nodes: by itself, at the API server of a cluster, or with a program.
package struct SecretMinter: Sendable {
    /// What goes to the node, and what people may know of it.
    struct Minted: Equatable, Sendable {
        var files: [SecretFile]
        var shown: String?
        /// Seconds since 1970.
        var expiresAt: Int?
    }

    /// Certificates begin a day early: clocks differ.
    private static let earlySeconds = 86_400

    private let hostKey: @Sendable (NodeName, Int) -> SSHHostKey
    private let programs: MintingPrograms

    /// - Parameters:
    ///   - hostKey: the SSH host key of a node, by its number.
    ///   - programDirectory: where programs that mint are; nil: there are none.
    package init(
        hostKey: @escaping @Sendable (NodeName, Int) -> SSHHostKey, programDirectory: String? = nil
    ) {
        self.hostKey = hostKey
        programs = MintingPrograms(directory: programDirectory)
    }

    /// - Parameter now: seconds since 1970.
    func mint(_ order: MintOrder, in snapshot: FleetSnapshot, now: Int) async throws -> Minted {
        guard let minting = order.secret.minted, let node = snapshot.nodes[order.mint.node] else {
            throw MintFailure("there is no node \(order.mint.node) any more")
        }
        switch minting {
        case .password, .munge: throw MintFailure("the store makes it")
        case .sshHost(let terms): return try sshCertificate(order, terms, of: node, in: snapshot, now: now)
        case .x509(let terms): return try certificate(order, terms, of: node, now: now)
        case .wireGuard: return Self.wireGuardKey(of: order.secret)
        case .kubernetes(let tokens):
            return try await KubernetesAPI(tokens, credential: order.kept).mint(order, now: now)
        case .program(let program): return try await programs.mint(order, program, group: node.group)
        }
    }

    /// Removes it where it was made. What is gone already is fine.
    func remove(_ mint: SecretMint, of secret: Secret, kept: [UInt8]?) async throws {
        switch secret.minted {
        case .kubernetes(let tokens):
            try await KubernetesAPI(tokens, credential: kept).removeToken(mint.handle)
        case .program(let program): try await programs.remove(mint, of: secret, program, kept: kept)
        case .password, .sshHost, .x509, .munge, .wireGuard, nil: break
        }
    }

    /// The cluster that it is a token of; nil: it is none.
    func cluster(of secret: Secret, kept: [UInt8]?) throws -> KubernetesAPI? {
        guard case .kubernetes(let tokens)? = secret.minted else { return nil }
        return try KubernetesAPI(tokens, credential: kept)
    }

    // MARK: What the server makes itself

    private func sshCertificate(
        _ order: MintOrder, _ terms: CertificateTerms, of node: Node, in snapshot: FleetSnapshot, now: Int
    ) throws -> Minted {
        guard let authority = order.kept.flatMap({ SSHAuthority(seed: $0) }) else {
            throw MintFailure("the key of its authority is damaged: roost secret rotate \(order.secret.name)")
        }
        guard let number = try? snapshot.settings(of: node).hostKeyNumber else {
            throw MintFailure(
                "\(node.name) makes its own SSH host key: set ssh-host-key to 1 or more, and leave it out of files"
            )
        }
        let key = hostKey(snapshot.hostKeyName(of: node.name), number)
        let validity = Self.validity(of: terms, now: now)
        let certificate = authority.certificate(
            of: key,
            SSHAuthority.Terms(
                serial: Self.serial(order.mint), identity: node.name.text,
                names: terms.names(of: node.name) + (node.address.map { [$0.description] } ?? []),
                validity: validity))
        let secret = order.secret
        let lines = "HostKey \(secret.path)\nHostCertificate \(secret.path)-cert.pub\n"
        func publicFile(_ end: String, _ text: String) -> SecretFile {
            SecretFile(secret, end: end, isPublic: true, content: Array("\(text)\n".utf8))
        }
        return Minted(
            files: [
                SecretFile(secret, content: Array(key.privateFile.utf8)),
                publicFile(".pub", "\(key.publicLine) \(node.name)"), publicFile("-cert.pub", certificate),
                SecretFile(path: "/etc/ssh/sshd_config.d/10-\(secret.name).conf", content: Array(lines.utf8)),
            ],
            shown: "serial \(Self.serial(order.mint)), \(key.publicLine)", expiresAt: validity.upperBound)
    }

    private func certificate(_ order: MintOrder, _ terms: CertificateTerms, of node: Node, now: Int) throws
        -> Minted
    {
        let validity = Self.validity(of: terms, now: now)
        let names =
            terms.names(of: node.name).map { "DNS:\($0)" } + (node.address.map { ["IP:\($0)"] } ?? [])
        let authority = order.kept.map {
            X509Pair(key: String(decoding: $0, as: UTF8.self), certificate: terms.authority)
        }
        // 31 bits that are its own, and 32 that no one can foresee (RFC 5280 §4.1.2.2).
        let serial = Self.serial(order.mint) << 32 | UInt64(UInt32.random(in: 0...UInt32.max))
        guard
            let pair = authority?.pair(
                subject: node.name.text, names: names, serial: serial, validity: validity)
        else {
            throw MintFailure("the key of its authority is damaged: roost secret rotate \(order.secret.name)")
        }
        let fingerprint = X509Pair.fingerprint(of: pair.certificate) ?? ""
        let secret = order.secret
        return Minted(
            files: [
                SecretFile(secret, content: Array(pair.key.utf8)),
                SecretFile(secret, end: ".crt", isPublic: true, content: Array(pair.certificate.utf8)),
                SecretFile(secret, end: ".ca.crt", isPublic: true, content: Array(terms.authority.utf8)),
            ],
            shown: "serial \(String(serial, radix: 16)), SHA-256 \(fingerprint)",
            expiresAt: validity.upperBound)
    }

    private static func wireGuardKey(of secret: Secret) -> Minted {
        let key = WireGuardKey()
        return Minted(
            files: [
                SecretFile(secret, content: Array("\(key.privateText)\n".utf8)),
                SecretFile(secret, end: ".pub", isPublic: true, content: Array("\(key.publicText)\n".utf8)),
            ], shown: key.publicText)
    }

    private static func validity(of terms: CertificateTerms, now: Int) -> Range<Int> {
        max(0, now - earlySeconds)..<(now + terms.days * 86_400)
    }

    /// Unique in this store.
    private static func serial(_ mint: SecretMint) -> UInt64 { UInt64(mint.handle, radix: 36) ?? 0 }
}

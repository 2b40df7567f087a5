/// How the server makes a secret instead of people: for each node and boot, or one value for all.
package enum Minting: Equatable, Sendable {
    /// Made anew for each node and boot.
    case password(MintedPassword)
    /// The node's own SSH host key, with a certificate that SSH clients trust by the authority alone.
    case sshHost(CertificateTerms)
    /// A key and its certificate (X.509), from an authority of this secret's own.
    case x509(CertificateTerms)
    /// The key of munge: one for all nodes of the secret, made by the server.
    case munge
    /// A key pair of WireGuard, made anew for each node and boot.
    case wireGuard
    /// A token by which a node joins a cluster of Kubernetes.
    case kubernetes(BootstrapTokens)
    /// What a program of this host prints.
    case program(MintingProgram)

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case password
        case sshHost = "ssh-host"
        case x509, munge
        case wireGuard = "wireguard"
        case kubernetes, program
    }

    package var kind: Kind {
        switch self {
        case .password: .password
        case .sshHost: .sshHost
        case .x509: .x509
        case .munge: .munge
        case .wireGuard: .wireGuard
        case .kubernetes: .kubernetes
        case .program: .program
        }
    }

    /// What the store keeps beside the record.
    package enum Keeping: Sendable {
        case nothing
        /// The server makes it, and makes another one when people ask for that: the key of an authority, or of munge.
        case made
        /// People give it: the credential by which the server mints.
        case given(isRequired: Bool)
    }

    package var keeping: Keeping {
        switch self {
        case .password, .wireGuard: .nothing
        case .sshHost, .x509, .munge: .made
        case .kubernetes: .given(isRequired: true)
        case .program: .given(isRequired: false)
        }
    }

    /// Whether what was minted is removed again where it was made: after use, with its node, or when it never went out.
    package var isRemoved: Bool { [.kubernetes, .program].contains(kind) }

    /// Whether making it takes other servers or programs, for which no other boot waits.
    package var isSlow: Bool { isRemoved }

    /// Whether the store has all that it takes.
    package var isMadeInStore: Bool { [.password, .munge].contains(kind) }

    /// What people may know of its authority: a line or a certificate.
    package var authority: String? {
        switch self {
        case .sshHost(let terms), .x509(let terms): terms.authority
        case .kubernetes(let tokens): tokens.authority
        case .password, .munge, .wireGuard, .program: nil
        }
    }

    /// Where its file is unless people say otherwise, and who owns it; nil: as with values that people set.
    package var usualPlace: (path: String, mode: UInt32, owner: String)? {
        switch self {
        case .sshHost: (HostKeyFiles.path, 0o600, "root")
        case .munge: ("/etc/munge/munge.key", 0o400, "munge:munge")
        case .password, .x509, .wireGuard, .kubernetes, .program: nil
        }
    }

    func requireUsable() throws(InvalidSetting) {
        switch self {
        case .password(let password): try password.requireUsable()
        case .sshHost(let terms), .x509(let terms): try terms.requireUsable()
        case .kubernetes(let tokens): try tokens.requireUsable()
        case .program(let program): try program.requireUsable()
        case .munge, .wireGuard: break
        }
    }
}

/// One flat object, with `kind`. One without is a password: the first kind that there was.
extension Minting: Codable {
    private enum Field: String, CodingKey { case kind }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        self =
            switch try fields.decodeIfPresent(Kind.self, forKey: .kind) ?? .password {
            case .password: .password(try MintedPassword(from: decoder))
            case .sshHost: .sshHost(try CertificateTerms(from: decoder))
            case .x509: .x509(try CertificateTerms(from: decoder))
            case .munge: .munge
            case .wireGuard: .wireGuard
            case .kubernetes: .kubernetes(try BootstrapTokens(from: decoder))
            case .program: .program(try MintingProgram(from: decoder))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(kind, forKey: .kind)
        switch self {
        case .password(let password): try password.encode(to: encoder)
        case .sshHost(let terms), .x509(let terms): try terms.encode(to: encoder)
        case .kubernetes(let tokens): try tokens.encode(to: encoder)
        case .program(let program): try program.encode(to: encoder)
        case .munge, .wireGuard: break
        }
    }
}

/// What a certificate of a node says, and who signs it.
package struct CertificateTerms: Equatable, Sendable, Codable {
    package var days: Int
    /// Names beside the node's own and its fixed address; `NODE` stands for its name: `NODE.farm.example`.
    package var names: [String]
    /// What clients trust: for SSH `ssh-ed25519 AAAA…`, for X.509 a certificate in PEM. The server makes it.
    package var authority: String

    package static let usualDays = 365
    package static let dayLimits = 1...3_650
    package static let nameLimit = 16

    package init(days: Int = Self.usualDays, names: [String] = [], authority: String = "") {
        self.days = days
        self.names = names
        self.authority = authority
    }

    /// Of a node: its own name first, without doubles.
    package func names(of node: NodeName) -> [String] {
        var all = [node.text]
        for name in names.map({ $0.replacing("NODE", with: node.text) }) where !all.contains(name) {
            all.append(name)
        }
        return all
    }

    func requireUsable() throws(InvalidSetting) {
        guard Self.dayLimits.contains(days) else {
            throw InvalidSetting(
                "a certificate is valid for \(Self.dayLimits.lowerBound) to \(Self.dayLimits.upperBound) days"
            )
        }
        guard names.count <= Self.nameLimit else {
            throw InvalidSetting("a certificate has at most \(Self.nameLimit) names beside the node's own")
        }
        for name in names
        where name.wholeMatch(of: /(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?/) == nil
            || name.utf8.count > 180
        {
            throw InvalidSetting(
                "‘\(name)’ is not a name for a certificate: letters, digits, dots and hyphens, and NODE for the node's name"
            )
        }
    }
}

/// How tokens for Kubernetes are made: as Secrets of its API (bootstrap.kubernetes.io/token).
package struct BootstrapTokens: Equatable, Sendable, Codable {
    /// The API server: `https://HOST:PORT`.
    package var server: String
    /// The certificate of its authority in PEM: no other one is trusted.
    package var authority: String
    /// Until the token expires by itself.
    package var minutes: Int
    /// What a node that joins by it belongs to, beside `system:bootstrappers`.
    package var groups: [String]

    package static let usualMinutes = 10
    package static let minuteLimits = 2...1_440
    /// As kubeadm names it: its rules let these nodes ask for certificates.
    package static let usualGroups = ["system:bootstrappers:kubeadm:default-node-token"]
    package static let authorityLimit = 64 << 10

    package init(
        server: String, authority: String, minutes: Int = Self.usualMinutes,
        groups: [String] = Self.usualGroups
    ) {
        self.server = server
        self.authority = authority
        self.minutes = minutes
        self.groups = groups
    }

    func requireUsable() throws(InvalidSetting) {
        guard server.wholeMatch(of: /https:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/) != nil,
            server.utf8.count <= 300
        else { throw InvalidSetting("‘\(server)’ is not an API server: write https://HOST:PORT") }
        guard authority.contains("-----BEGIN CERTIFICATE-----"), authority.utf8.count <= Self.authorityLimit
        else {
            throw InvalidSetting(
                "the authority of the API server is its certificate in PEM (/etc/kubernetes/pki/ca.crt), at most 64 KiB"
            )
        }
        guard Self.minuteLimits.contains(minutes) else {
            throw InvalidSetting(
                "a token lives \(Self.minuteLimits.lowerBound) to \(Self.minuteLimits.upperBound) minutes")
        }
        // As the API server wants them.
        for group in groups
        where group.wholeMatch(of: /system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]/) == nil {
            throw InvalidSetting("‘\(group)’ is not a group of bootstrap tokens: system:bootstrappers:…")
        }
        guard groups.count <= 8 else { throw InvalidSetting("a token has at most 8 groups") }
    }
}

/// A program of the server's host that mints. It has to be in the directory that roost.yaml names.
package struct MintingProgram: Equatable, Sendable, Codable {
    /// Absolute.
    package var path: String
    /// After which it is ended.
    package var seconds: Int

    package static let usualSeconds = 10
    /// Nodes wait for half a minute.
    package static let secondLimits = 1...20

    package init(path: String, seconds: Int = Self.usualSeconds) {
        self.path = path
        self.seconds = seconds
    }

    func requireUsable() throws(InvalidSetting) {
        guard path.hasPrefix("/"), path.utf8.count <= 1_024, !path.utf8.contains(0),
            !path.split(separator: "/").contains(where: { [".", ".."].contains($0) })
        else { throw InvalidSetting("‘\(path)’ is not the absolute path of a program") }
        guard Self.secondLimits.contains(seconds) else {
            throw InvalidSetting(
                "a program has \(Self.secondLimits.lowerBound) to \(Self.secondLimits.upperBound) seconds")
        }
    }
}

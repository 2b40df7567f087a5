/// How the server is to make a secret: what its kind does not know is left out.
package struct MintingRequest: Equatable, Codable, Sendable {
    /// Left out: a password.
    package var kind: Minting.Kind?
    /// Of a password: its characters, and what it is made of.
    package var length: Int?
    package var alphabet: String?
    /// Of a certificate: its days, and names beside the node's own.
    package var days: Int?
    package var names: [String]?
    /// Of a token for Kubernetes: the API server, its authority in PEM, the minutes that a token lives, and its groups.
    package var server: String?
    package var authority: String?
    package var minutes: Int?
    package var groups: [String]?
    /// Of a program: its path, and the seconds that it has.
    package var program: String?
    package var seconds: Int?

    package init(kind: Minting.Kind? = nil) { self.kind = kind }

    /// What people asked for; the authority that this server made is left out.
    package init(_ minting: Minting) {
        kind = minting.kind
        switch minting {
        case .password(let password): (length, alphabet) = (password.length, password.alphabet)
        case .sshHost(let terms), .x509(let terms): (days, names) = (terms.days, terms.names)
        case .munge, .wireGuard: break
        case .kubernetes(let tokens):
            (server, authority) = (tokens.server, tokens.authority)
            (minutes, groups) = (tokens.minutes, tokens.groups)
        case .program(let minting): (program, seconds) = (minting.path, minting.seconds)
        }
    }

    /// Throws when something is given that its kind does not know, or something is left out that it needs.
    package func minting() throws -> Minting {
        let kind = kind ?? .password
        let unknown = given.subtracting(Self.known(to: kind)).sorted()
        guard unknown.isEmpty else {
            throw InvalidSetting(
                "a minted secret of kind \(kind.rawValue) has no \(unknown.joined(separator: ", "))")
        }
        let terms = CertificateTerms(days: days ?? CertificateTerms.usualDays, names: names ?? [])
        switch kind {
        case .password:
            return .password(
                MintedPassword(
                    length: length ?? MintedPassword.usualLength,
                    alphabet: alphabet ?? MintedPassword.usualAlphabet))
        case .sshHost: return .sshHost(terms)
        case .x509: return .x509(terms)
        case .munge: return .munge
        case .wireGuard: return .wireGuard
        case .kubernetes:
            guard let server, let authority else {
                throw InvalidSetting(
                    "tokens for Kubernetes need the address of the API server (--cluster) and its authority (--authority)"
                )
            }
            return .kubernetes(
                BootstrapTokens(
                    server: server, authority: authority, minutes: minutes ?? BootstrapTokens.usualMinutes,
                    groups: groups ?? BootstrapTokens.usualGroups))
        case .program:
            guard let program else {
                throw InvalidSetting("program: the path of the program is missing (--program)")
            }
            return .program(
                MintingProgram(path: program, seconds: seconds ?? MintingProgram.usualSeconds))
        }
    }

    private var given: Set<String> {
        Set(
            [
                ("length", length != nil), ("alphabet", alphabet != nil), ("days", days != nil),
                ("names", names != nil), ("server", server != nil), ("authority", authority != nil),
                ("minutes", minutes != nil), ("groups", groups != nil), ("program", program != nil),
                ("seconds", seconds != nil),
            ].filter(\.1).map(\.0))
    }

    private static func known(to kind: Minting.Kind) -> Set<String> {
        switch kind {
        case .password: ["length", "alphabet"]
        case .sshHost, .x509: ["days", "names"]
        case .munge, .wireGuard: []
        case .kubernetes: ["server", "authority", "minutes", "groups"]
        case .program: ["program", "seconds"]
        }
    }
}

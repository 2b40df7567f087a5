import Fleet
import Sealing
import Wire

/// What the server itself makes for a secret when people add it, and again when they ask for another one.
enum MintingKeys {
    /// As many as munged takes (mungekey(8) makes 128; up to 1,024 are read).
    private static let mungeByteCount = 128

    /// The minting with its authority, and what is kept beside it; nil when nothing is made.
    static func make(for minting: Minting, of name: SecretName) throws -> (minting: Minting, kept: [UInt8])? {
        switch minting {
        case .sshHost(var terms):
            let authority = SSHAuthority()
            terms.authority = authority.publicLine
            return (.sshHost(terms), authority.seed)
        case .x509(var terms):
            guard let authority = X509Pair.authority(named: "Roost secret \(name)".beginning(length: 64))
            else {
                throw MintFailure("libcrypto cannot make the key of an authority")
            }
            terms.authority = authority.certificate
            return (.x509(terms), Array(authority.key.utf8))
        case .munge: return (.munge, RandomBytes.make(mungeByteCount))
        case .password, .wireGuard, .kubernetes, .program: return nil
        }
    }

    /// Edits that add secrets which the server makes, with what it makes.
    static func completed(_ edits: [FleetEdit], in snapshot: FleetSnapshot) throws -> [FleetEdit] {
        try edits.map { edit in
            guard let change = edit.of(Secret.self), var secret = change.after, change.secrets.isEmpty,
                snapshot.contents.secrets[change.key] == nil, let minting = secret.minted,
                let made = try make(for: minting, of: change.key)
            else { return edit }
            secret.minted = made.minting
            return .secret(change.key, secret, value: made.kept)
        }
    }
}

import Wire

/// A secret in a file: what it is, and never its value.
package struct DeclaredSecret: DeclaredForm, Equatable {
    package typealias Record = Secret
    package static let (member, keyMember) = ("secrets", "name")
    package static let audience = DeclaredAudience.group

    package var name: SecretName
    package var group: GroupPath
    package var node: NodeName?
    package var rule: RuleName?
    package var path: String
    /// Octal digits.
    package var mode: String
    package var owner: String
    package var minted: MintingRequest?
    package var arming: Secret.Arming
    /// Of web hooks; see ``Secret/receiver``.
    package var receiver: String?
    /// What ``minted`` means.
    private var minting: Minting?

    private enum CodingKeys: String, CodingKey {
        case name, group, node, rule, path, mode, owner, minted, arming, receiver
    }

    package init(_ secret: Secret, at key: SecretName) {
        name = secret.name
        group = secret.group
        node = secret.node
        rule = secret.rule
        path = secret.path
        mode = String(secret.mode, radix: 8)
        owner = secret.owner
        minted = secret.minted.map { MintingRequest($0) }
        minting = secret.minted
        arming = secret.arming
        receiver = secret.receiver
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(SecretName.self, forKey: .name)
        minted = try fields.decodeIfPresent(MintingRequest.self, forKey: .minted)
        minting = try minted?.minting()
        let usual = Secret(name: name, group: .site, minted: minting, changedAt: 0)
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? usual.group
        node = try fields.decodeIfPresent(NodeName.self, forKey: .node)
        rule = try fields.decodeIfPresent(RuleName.self, forKey: .rule)
        path = try fields.decodeIfPresent(String.self, forKey: .path) ?? usual.path
        mode =
            try fields.decodeIfPresent(String.self, forKey: .mode) ?? String(usual.mode, radix: 8)
        owner = try fields.decodeIfPresent(String.self, forKey: .owner) ?? usual.owner
        arming = try fields.decodeIfPresent(Secret.Arming.self, forKey: .arming) ?? usual.arming
        receiver = try fields.decodeIfPresent(String.self, forKey: .receiver)?.lowercased()
        guard let number = UInt32(mode, radix: 8), number <= 0o7777 else {
            throw DecodingError.unreadable(
                "‘\(mode)’ is not a mode in octal digits, such as 600", forKey: .mode, in: fields)
        }
        mode = String(number, radix: 8)
    }

    package var recordKey: SecretName { name }

    package func record(over stored: Secret?, at second: Int) -> Secret {
        var secret = stored ?? Secret(name: name, group: group, minted: minting, changedAt: second)
        secret.group = group
        (secret.node, secret.rule) = (node, rule)
        secret.minted = minting?.withAuthority(of: stored?.minted)
        secret.path = path
        secret.mode = UInt32(mode, radix: 8) ?? secret.mode
        secret.owner = owner
        // Armed anew only where the file says another arming than what is there.
        secret.arming = arming
        secret.receiver = receiver
        return secret
    }
}

extension Minting {
    /// With the authority that the server has made for it.
    fileprivate func withAuthority(of stored: Minting?) -> Minting {
        switch (self, stored) {
        case (.sshHost(var terms), .sshHost(let known)?):
            terms.authority = known.authority
            return .sshHost(terms)
        case (.x509(var terms), .x509(let known)?):
            terms.authority = known.authority
            return .x509(terms)
        default: return self
        }
    }
}

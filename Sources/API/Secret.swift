package import Fleet
package import Wire

/// A secret to add, or what to change of one: what is left out stays.
package struct SecretRequest: Codable, Sendable {
    /// Only of a new one.
    package var name: SecretName?
    /// Left out of a new one: the site.
    package var group: GroupPath?
    /// Of the group's nodes this one only; empty: all again.
    package var node: String?
    /// Of the group's nodes those that this rule fits; empty: all again.
    package var rule: String?
    /// Of the file on nodes; left out of a new one: `/run/secrets/NAME`.
    package var path: String?
    /// Octal digits; left out of a new one: `600`.
    package var mode: String?
    /// A user of the nodes, or `user:group`; left out of a new one: `root`.
    package var owner: String?
    package var arming: Secret.Arming?
    /// Scheme, host and port that web hooks may send it to: then it is for no node.
    package var receiver: String?
    /// The value as text.
    package var value: String?
    /// The value as Base64 instead, for bytes that are no text.
    package var base64: String?
    /// Of a new one: the server makes it. With a new credential, how it is made from then on.
    package var minted: MintingRequest?
    /// Makes another authority or key, which is the next version.
    package var rotate: Bool?

    package init(
        name: SecretName? = nil, group: GroupPath? = nil, node: String? = nil, rule: String? = nil,
        path: String? = nil, mode: String? = nil, owner: String? = nil, arming: Secret.Arming? = nil,
        receiver: String? = nil, value: String? = nil, base64: String? = nil, minted: MintingRequest? = nil,
        rotate: Bool? = nil
    ) {
        self.name = name
        self.group = group
        self.node = node
        self.rule = rule
        self.path = path
        self.mode = mode
        self.owner = owner
        self.arming = arming
        self.receiver = receiver
        self.value = value
        self.base64 = base64
        self.minted = minted
        self.rotate = rotate
    }
}

/// A secret without its value.
package struct SecretAnswer: Codable, Sendable {
    package var name: SecretName
    package var group: GroupPath
    /// Of the group's nodes this one only.
    package var node: NodeName?
    /// Of the group's nodes those that this rule fits.
    package var rule: RuleName?
    package var path: String
    /// Octal digits.
    package var mode: String
    package var owner: String
    /// Nil: people set its value.
    package var minted: Minting?
    package var arming: Secret.Arming
    /// Nil: it is for nodes.
    package var receiver: String?
    /// Armed for one boot, which has had it.
    package var isSpent: Bool
    package var version: Int
    /// Seconds since 1970, when its value was last set.
    @SecondTimestamp package var changedAt: Int
    /// The newest first; nil in lists.
    package var receipts: [SecretReceiptAnswer]?

    package init(_ secret: Secret, isSpent: Bool, receipts: [SecretReceiptAnswer]? = nil) {
        name = secret.name
        group = secret.group
        node = secret.node
        rule = secret.rule
        path = secret.path
        mode = String(secret.mode, radix: 8)
        owner = secret.owner
        minted = secret.minted
        arming = secret.arming
        receiver = secret.receiver
        self.isSpent = isSpent
        version = secret.version
        changedAt = secret.changedAt
        self.receipts = receipts
    }
}

/// Which node got which version of a secret in which boot.
package struct SecretReceiptAnswer: Codable, Sendable {
    package var secret: SecretName
    package var version: Int
    package var node: NodeName
    package var machine: MACAddress
    package var boot: String
    /// Of the key that it was sealed for, the beginning.
    package var key: String
    /// Seconds since 1970, when it last went out.
    @SecondTimestamp package var at: Int
    /// How often it went out in that boot; 0: it could not be minted.
    package var count: Int
    /// What was minted, as far as people may know it: a public key, a serial number, the ID of a token.
    package var minted: String?
    /// What became of it: `making`, `made`, `sent`, `used`, `failed`, `removed`.
    package var state: String?
    /// Until when it is valid.
    @SecondTimestamp package var expiresAt: Int?
    /// Why it was not made, or what became of it.
    package var failure: String?

    package init(_ receipt: SecretReceipt) {
        secret = receipt.secret
        version = receipt.version
        node = receipt.node
        machine = receipt.machine
        boot = receipt.boot
        key = receipt.key
        at = receipt.at
        count = receipt.count
        minted = receipt.mint.flatMap { $0.shown ?? ($0.state == .failed ? nil : $0.handle) }
        state = receipt.mint?.state.rawValue
        expiresAt = receipt.mint?.expiresAt
        failure = receipt.mint?.failure
    }
}

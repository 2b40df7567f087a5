package import Fleet
package import Wire

/// A secret to add, or what to change of one: what is left out stays.
package struct SecretRequest: Codable, Sendable {
    /// Only of a new one.
    package var name: SecretName?
    /// Left out of a new one: the site.
    package var group: GroupPath?
    /// Of the file on nodes; left out of a new one: `/run/secrets/NAME`.
    package var path: String?
    /// Octal digits; left out of a new one: `600`.
    package var mode: String?
    /// A user of the nodes, or `user:group`; left out of a new one: `root`.
    package var owner: String?
    package var arming: Secret.Arming?
    /// The value as text.
    package var value: String?
    /// The value as Base64 instead, for bytes that are no text.
    package var base64: String?
    /// Of a new one: its value is made for each node and boot.
    package var minted: Minting?

    package struct Minting: Codable, Sendable {
        package var length: Int?
        package var alphabet: String?

        package init(length: Int? = nil, alphabet: String? = nil) {
            self.length = length
            self.alphabet = alphabet
        }
    }

    package init(
        name: SecretName? = nil, group: GroupPath? = nil, path: String? = nil, mode: String? = nil,
        owner: String? = nil, arming: Secret.Arming? = nil, value: String? = nil, base64: String? = nil,
        minted: Minting? = nil
    ) {
        self.name = name
        self.group = group
        self.path = path
        self.mode = mode
        self.owner = owner
        self.arming = arming
        self.value = value
        self.base64 = base64
        self.minted = minted
    }
}

/// A secret without its value.
package struct SecretAnswer: Codable, Sendable {
    package var name: SecretName
    package var group: GroupPath
    package var path: String
    /// Octal digits.
    package var mode: String
    package var owner: String
    /// Nil: people set its value.
    package var minted: MintedPassword?
    package var arming: Secret.Arming
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
        path = secret.path
        mode = String(secret.mode, radix: 8)
        owner = secret.owner
        minted = secret.minted
        arming = secret.arming
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
    /// How often it went out in that boot.
    package var count: Int

    package init(_ receipt: SecretReceipt) {
        secret = receipt.secret
        version = receipt.version
        node = receipt.node
        machine = receipt.machine
        boot = receipt.boot
        key = receipt.key
        at = receipt.at
        count = receipt.count
    }
}

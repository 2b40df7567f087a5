import Wire

/// How a record looks in a file: the record itself, or what people want of it.
package protocol DeclaredForm: Codable, Sendable {
    associatedtype Record: FleetRecord

    /// The list in a file that has such records: `nodes`.
    static var member: String { get }
    /// The member that names a record.
    static var keyMember: String { get }

    /// Whether such records belong to the whole site, and not to a group.
    static var isOfSite: Bool { get }

    init(_ record: Record)
    var recordKey: Record.Key { get }

    /// - Parameters:
    ///   - stored: what is no part of the form is taken from it.
    ///   - second: now, in seconds since 1970.
    func record(over stored: Record?, at second: Int) -> Record
}

extension DeclaredForm {
    package static var isOfSite: Bool { true }
}

extension DeclaredForm where Record == Self {
    package init(_ record: Self) { self = record }
    package func record(over stored: Self?, at second: Int) -> Self { self }
}

extension DeclaredForm where Record == Self, Self: ListedRecord {
    package var recordKey: Key { key }
}

extension NodeGroup: DeclaredForm {
    package typealias Record = NodeGroup
    package static let (member, keyMember) = ("groups", "path")
    package static let isOfSite = false
}

extension MatchRule: DeclaredForm {
    package typealias Record = MatchRule
    package static let (member, keyMember) = ("rules", "name")
}

extension Node: DeclaredForm {
    package typealias Record = Node
    package static let (member, keyMember) = ("nodes", "name")
    package static let isOfSite = false
}

extension Network: DeclaredForm {
    package typealias Record = Network
    package static let (member, keyMember) = ("networks", "name")
}

extension DHCPReservation: DeclaredForm {
    package typealias Record = DHCPReservation
    package static let (member, keyMember) = ("reservations", "machine")
}

extension LoaderRule: DeclaredForm {
    package typealias Record = LoaderRule
    package static let (member, keyMember) = ("loaderRules", "name")
}

/// A secret in a file: what it is, and never its value.
package struct DeclaredSecret: DeclaredForm, Equatable {
    package typealias Record = Secret
    package static let (member, keyMember) = ("secrets", "name")
    package static let isOfSite = false

    package var name: SecretName
    package var group: GroupPath
    package var path: String
    /// Octal digits.
    package var mode: String
    package var owner: String
    package var minted: MintedPassword?
    package var arming: Secret.Arming

    private enum CodingKeys: String, CodingKey {
        case name, group, path, mode, owner, minted, arming
    }

    package init(_ secret: Secret) {
        name = secret.name
        group = secret.group
        path = secret.path
        mode = String(secret.mode, radix: 8)
        owner = secret.owner
        minted = secret.minted
        arming = secret.arming
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(SecretName.self, forKey: .name)
        let usual = Secret(name: name, group: .site, changedAt: 0)
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? usual.group
        path = try fields.decodeIfPresent(String.self, forKey: .path) ?? usual.path
        mode = try fields.decodeIfPresent(String.self, forKey: .mode) ?? "600"
        owner = try fields.decodeIfPresent(String.self, forKey: .owner) ?? usual.owner
        minted = try fields.decodeIfPresent(MintedPassword.self, forKey: .minted)
        arming = try fields.decodeIfPresent(Secret.Arming.self, forKey: .arming) ?? usual.arming
        guard let number = UInt32(mode, radix: 8), number <= 0o7777 else {
            throw DecodingError.unreadable(
                "‘\(mode)’ is not a mode in octal digits, such as 600", forKey: .mode, in: fields)
        }
        mode = String(number, radix: 8)
    }

    package var recordKey: SecretName { name }

    package func record(over stored: Secret?, at second: Int) -> Secret {
        var secret = stored ?? Secret(name: name, group: group, minted: minted, changedAt: second)
        secret.group = group
        secret.path = path
        secret.mode = UInt32(mode, radix: 8) ?? secret.mode
        secret.owner = owner
        secret.minted = minted
        // Armed anew only where the file says another arming than what is there.
        secret.arming = arming
        return secret
    }
}

/// The kinds of records that files of the configuration have, in the order in which they are written and made.
package enum DeclaredForms {
    package static let all: [any DeclaredForm.Type] = [
        NodeGroup.self, DeclaredImageSettings.self, MatchRule.self, Node.self, Network.self,
        DHCPReservation.self, LoaderRule.self, DeclaredSecret.self,
    ]

    package static func named(_ member: String) -> (any DeclaredForm.Type)? {
        all.first { $0.member == member }
    }

    package static func of(kind: String) -> (any DeclaredForm.Type)? { all.first { $0.kind == kind } }

    /// Members of a file beside the lists: who applies it, and what editors and exports write into it.
    package static let sourceMember = "source"
    package static let otherMembers = [sourceMember, "revision", "$schema"]

    package static var members: [String] { all.map { $0.member } + otherMembers }
}

extension DeclaredForm {
    /// Of the records in stores and the history.
    package static var kind: String { Record.kind }
}

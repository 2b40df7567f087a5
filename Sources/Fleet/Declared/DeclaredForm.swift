import Wire

/// How a record looks in a file: the record itself, or what people want of it.
package protocol DeclaredForm: Codable, Sendable {
    associatedtype Record: FleetRecord

    /// The list in a file that has such records: `nodes`.
    static var member: String { get }
    /// The member that names a record.
    static var keyMember: String { get }

    /// Who sees such records in an export of the configuration.
    static var audience: DeclaredAudience { get }

    /// The keys of all such records, in the order in which they are written.
    static func orderedKeys(in snapshot: FleetSnapshot) -> [Record.Key]

    /// What a caller needs to have such records compared and changed, beside ``Permission/configure``.
    static var permission: Permission { get }

    init(_ record: Record, at key: Record.Key)
    var recordKey: Record.Key { get }

    /// - Parameters:
    ///   - stored: what is no part of the form is taken from it.
    ///   - second: now, in seconds since 1970.
    func record(over stored: Record?, at second: Int) -> Record
}

/// Who sees records in an export of the configuration.
package enum DeclaredAudience: Equatable, Sendable {
    /// Those who may read the group that the record is in.
    case group
    /// All who may read anything: such records belong to the whole site, and decide about nodes in all groups.
    case readers
    /// Those who have this permission for the whole site, which the records belong to.
    case site(Permission)
}

extension DeclaredForm {
    package static var audience: DeclaredAudience { .site(.read) }
    /// Whether such records belong to the whole site, and not to a group.
    package static var isOfSite: Bool { audience != .group }
    package static var permission: Permission { .configure }
}

extension DeclaredForm where Record.Key: Comparable {
    package static func orderedKeys(in snapshot: FleetSnapshot) -> [Record.Key] {
        Record.keys(in: snapshot.contents).sorted()
    }
}

extension DeclaredForm where Record == Self {
    package init(_ record: Self, at key: Record.Key) { self = record }
    package func record(over stored: Self?, at second: Int) -> Self { self }
}

extension DeclaredForm where Record == Self, Self: ListedRecord {
    package var recordKey: Key { key }
}

/// The kinds of records that files of the configuration have, in the order in which they are written and made: that of ``FleetRecords``.
package enum DeclaredForms {
    package static let all = FleetRecords.all.compactMap { $0.declaredForm }

    package static func named(_ member: String) -> (any DeclaredForm.Type)? {
        all.first { $0.member == member }
    }

    package static func of(kind: String) -> (any DeclaredForm.Type)? { all.first { $0.kind == kind } }

    /// Members of a file beside the lists: who applies it, and what editors and exports write into it.
    package static let sourceMember = "source"
    package static let otherMembers = [sourceMember, "revision", "$schema"]

    /// Whether a member of a file belongs to those who write it: for anchors (`x-office: &office`), and for what other programs read.
    package static func isFree(_ name: String) -> Bool { name.hasPrefix("x-") }

    package static var members: [String] { all.map { $0.member } + otherMembers }
}

extension DeclaredForm {
    /// Of the records in stores and the history.
    package static var kind: String { Record.kind }

    /// The group of the record with that key; nil: there is none.
    static func place(of key: String, in snapshot: FleetSnapshot) -> GroupPath? {
        guard let key = try? Record.Key(recordKey: key) else { return nil }
        return Record.record(at: key, in: snapshot.contents)?.place
    }
}

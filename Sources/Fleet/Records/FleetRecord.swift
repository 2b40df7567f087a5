/// What one record of a kind is found by.
package protocol RecordKey: Hashable, Sendable, CustomStringConvertible {
    /// Reads what `description` says: stores and the history know a key by it, so its form stays.
    init(recordKey text: String) throws
}

/// A noun of the configuration: one kind of record, which people change by edits.
///
/// Edits, undo, history, what-if, permissions, the API's plan and stores work on this protocol and name no kind. A new noun is a
/// type that conforms, and its line in ``FleetRecords``.
package protocol FleetRecord: Equatable, Sendable, Codable {
    associatedtype Key: RecordKey

    /// How stores and the history call it: it never changes.
    static var kind: String { get }

    static func record(at key: Key, in contents: FleetSnapshot.Contents) -> Self?

    /// - Parameter record: nil takes away the one that is there.
    static func put(_ record: Self?, at key: Key, in contents: inout FleetSnapshot.Contents)

    /// The record as it is kept; throws what is wrong with it.
    ///
    /// - Parameters:
    ///   - draft: the configuration with all edits that were made before this one.
    ///   - before: the one that the first of them found.
    ///   - plan: which addresses nodes may have.
    static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self?

    /// Throws where the record at `key`, or its absence, contradicts the others, once all edits are made.
    static func check(_ key: Key, in contents: FleetSnapshot.Contents) throws

    /// Throws where records of this kind contradict each other: what is looked at once for all that have changed.
    ///
    /// - Parameters:
    ///   - before: the configuration that the first edit found.
    ///   - plan: which addresses nodes may have in `snapshot`.
    static func check(
        all changed: [Key], in snapshot: FleetSnapshot, since before: FleetSnapshot, within plan: AddressPlan
    ) throws

    /// One line for people.
    ///
    /// - Parameter snapshot: the configuration before the change.
    static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String

    /// The groups whose administrators may make the change; where it moves something, the old one and the new one.
    static func places(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [GroupPath]

    /// What has to be allowed there.
    static func permission(for change: RecordChange<Self>, in snapshot: FleetSnapshot) -> Permission

    /// Whose settings or versions the change can touch.
    static func reach(of change: RecordChange<Self>) -> EditReach

    /// Whether records of this kind have settings, among them secrets that a store seals.
    static var hasSettings: Bool { get }

    /// What taking back a revision does with it.
    static var undo: Undoing { get }

    /// Whether it is kept for the history alone, and is part of no configuration any more.
    var isClosed: Bool { get }

    /// What else it is found by; a store looks these up fast.
    var otherNames: [String] { get }

    /// Whether both say the same to people.
    func means(_ other: Self) -> Bool
}

/// Which nodes a change can touch.
package enum EditReach: Equatable, Sendable {
    /// None of their settings and versions.
    case none
    case node(NodeName)
    /// All in the group and below it, and the group's own settings. The site stands for unknown machines, too.
    case group(GroupPath)
}

/// What taking back a revision does with a record that it changed.
package enum Undoing: Sendable {
    /// It is again what it was; the past, too, has it as it was.
    case restores
    /// It stays as it is, and hinders no other.
    case keeps
    /// The revision cannot be taken back.
    case refuses
}

extension FleetRecord {
    package static func check(_ key: Key, in contents: FleetSnapshot.Contents) throws {}
    package static func check(
        all changed: [Key], in snapshot: FleetSnapshot, since before: FleetSnapshot, within plan: AddressPlan
    ) throws {}
    package static func places(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [GroupPath] {
        [.site]
    }
    package static func permission(for change: RecordChange<Self>, in snapshot: FleetSnapshot) -> Permission {
        .configure
    }
    package static func reach(of change: RecordChange<Self>) -> EditReach { .none }
    package static var hasSettings: Bool { false }
    package static var undo: Undoing { .restores }
    package var isClosed: Bool { false }
    package var otherNames: [String] { [] }
    package func means(_ other: Self) -> Bool { self == other }
}

/// The nouns of the configuration: the only place that names them all.
package enum FleetRecords {
    package static let all: [any FleetRecord.Type] = [
        Node.self, NodeGroup.self, MatchRule.self, ImageChannel.self, ImageTag.self, ImageKeep.self,
        ChannelMove.self, Volume.self, Rollout.self, Network.self, DHCPReservation.self, LoaderRule.self,
    ]

    private static let byKind = Dictionary(uniqueKeysWithValues: all.map { ($0.kind, $0) })

    /// Nil for what is no record of the configuration.
    package static func named(_ kind: String) -> (any FleetRecord.Type)? { byKind[kind] }
}

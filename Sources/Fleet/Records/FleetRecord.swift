/// The key of a record of some kind.
package protocol RecordKey: Hashable, Sendable, CustomStringConvertible {
    /// Parses `description`: stores and the history use that text as the key, so its form never changes.
    init(recordKey text: String) throws
}

/// A noun of the configuration: one kind of record, which people change by edits.
///
/// Edits, undo, history, what-if, permissions, the API's plan and stores work on this protocol and name no kind. A new noun is a type that
/// conforms to it, and its line in ``FleetRecords``.
package protocol FleetRecord: Equatable, Sendable, Codable {
    associatedtype Key: RecordKey

    /// The name in stores and the history: it never changes.
    static var kind: String { get }

    static func record(at key: Key, in contents: FleetSnapshot.Contents) -> Self?

    /// - Parameter record: nil removes the present one.
    static func put(_ record: Self?, at key: Key, in contents: inout FleetSnapshot.Contents)

    /// The record as stored; throws if it is invalid.
    ///
    /// - Parameters:
    ///   - draft: the configuration after all earlier edits.
    ///   - before: the configuration before the first edit.
    ///   - plan: the addresses that nodes may have.
    static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self?

    /// Throws if the record at `key`, or its absence, is inconsistent with others after all edits.
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

    /// For people, what other edits are that only follow from one of this kind: `2 tokens revoked`; nil where they are more than that.
    static func consequence(_ edits: ArraySlice<FleetEdit>) -> String?

    /// The error when a record is added that exists already.
    static func existing(_ key: Key) -> Sentence

    /// The error when there is no such record.
    static func missing(_ key: Key) -> Sentence

    /// Throws when people may not ask to remove the record.
    static func requireRemovable(_ key: Key) throws(InvalidSetting)

    /// The groups whose administrators may make the change; for a move, both the old and the new one.
    static func places(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [GroupPath]

    /// Further groups of that kind, where a record that is added gets what another one of its name has left.
    ///
    /// - Parameter date: when the revision was made that the change takes back, in seconds since 1970; nil: it takes back none.
    static func heritage(
        of change: RecordChange<Self>, in snapshot: FleetSnapshot, undoneSince date: Int?
    ) -> [GroupPath]

    /// The permission needed there; without any place, somewhere.
    static func permission(for change: RecordChange<Self>, in snapshot: FleetSnapshot) -> Permission

    /// The roles that the change gives or takes: only those who have all of them may make it.
    static func grants(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [Grant]

    /// The keys of all records of this kind.
    static func keys(in contents: FleetSnapshot.Contents) -> [Key]

    /// Passes each name of another record in this one to `walk`, which may put another in its place.
    mutating func passNames(to walk: inout NameWalk)

    /// Where it lies: those who may see the history of that group see its changes.
    var place: GroupPath { get }

    /// The nodes whose settings or versions the change can affect.
    static func reach(of change: RecordChange<Self>) -> EditReach

    /// Whether the addresses that nodes may have depend on records of this kind. They are checked with the host of the plan alone.
    static var shapesAddresses: Bool { get }

    /// Whether records of this kind have settings, including secrets that a store seals.
    static var hasSettings: Bool { get }

    /// The names of those secrets beside a record that a store seals, because they are needed in clear. The others are hashes.
    static var sealedSecrets: Set<String> { get }

    /// What undoing a revision does with it.
    static var undo: Undoing { get }

    /// Why this one change cannot be undone, although others of its kind can: `was given a new password`.
    static func undoProblem(from before: Self?, to after: Self?) -> Sentence?

    /// What files of the configuration have of it; nil: nothing.
    static var declaredForm: (any DeclaredForm.Type)? { get }

    /// Whether it is kept only for the history, and no longer part of any configuration.
    var isClosed: Bool { get }

    /// Other names to find it by; a store indexes them.
    var otherNames: [String] { get }

    /// Whether both mean the same for people.
    func means(_ other: Self) -> Bool

    /// The record that a request means with this one: what answers hide is taken from the stored one.
    func revealed(by stored: Self?) -> Self

    /// The record as undo restores it from history: with the times of the present one, which have moved with the server's clock.
    ///
    /// - Parameter present: nil when there is none.
    func restored(over present: Self?) -> Self
}

/// A noun whose records people may put and remove in a list of changes. A request names it by its kind: `loaderRule`, `removeLoaderRule`.
package protocol ListedRecord: FleetRecord where Key: Codable {
    var key: Key { get }
}

/// A noun whose records are used, such as a token. A store keeps beside the record when that was last; it is no part of it.
package protocol UsedRecord: FleetRecord {
    /// Seconds since 1970; nil: never.
    var usedAt: Int? { get set }
}

/// A noun whose records are a table of the configuration.
package protocol TableRecord: FleetRecord {
    static var table: WritableKeyPath<FleetSnapshot.Contents, [Key: Self]> { get }
}

extension TableRecord {
    package static func record(at key: Key, in contents: FleetSnapshot.Contents) -> Self? {
        contents[keyPath: table][key]
    }

    package static func put(_ record: Self?, at key: Key, in contents: inout FleetSnapshot.Contents) {
        contents[keyPath: table][key] = record
    }

    package static func keys(in contents: FleetSnapshot.Contents) -> [Key] {
        Array(contents[keyPath: table].keys)
    }
}

/// A noun whose records each lie in a group, and are changed by those who may change both the old and the new one.
package protocol GroupedRecord: TableRecord {
    var group: GroupPath { get }
}

extension GroupedRecord {
    package static func places(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [GroupPath] {
        [record(at: change.key, in: snapshot.contents), change.after].compactMap { $0?.group }
    }

    package var place: GroupPath { group }
}

/// A record with settings of its own.
package protocol SettingsRecord: FleetRecord {
    var settings: [String: SettingValue] { get set }
}

extension SettingsRecord {
    package static var hasSettings: Bool { true }

    /// For a summary, what is other than in `before`: `: loader, tags`; empty where nothing is.
    ///
    /// - Parameter members: members beside the settings that are other.
    func namingChanges(since before: Self?, _ members: [String] = []) -> String {
        let (was, now) = (before?.settings ?? [:], revealed(by: before).settings)
        let settings = Set(was.keys).union(now.keys).filter { was[$0] != now[$0] }.sorted()
        let all = members + settings
        let more = all.count > Self.namedChangeLimit ? ", and \(all.count - Self.namedChangeLimit) more" : ""
        return all.isEmpty
            ? "" : ": " + all.prefix(Self.namedChangeLimit).joined(separator: ", ") + more
    }

    private static var namedChangeLimit: Int { 6 }

    package func revealed(by stored: Self?) -> Self {
        var record = self
        record.settings = RecordSettings.merged(settings, into: stored?.settings)
        return record
    }
}

/// The nodes that a change can affect.
package enum EditReach: Equatable, Sendable {
    /// No settings or versions of nodes.
    case none
    case node(NodeName)
    /// All nodes in the group and below, and the group's own settings. The site includes unknown machines.
    case group(GroupPath)
}

/// What undoing a revision does with a record that it changed.
package enum Undoing: Sendable {
    /// Its old value returns; past configurations also contain the value of their time.
    case restores
    /// It stays unchanged, and does not prevent undoing others.
    case keeps
    /// The revision cannot be undone.
    case refuses
}

extension FleetRecord {
    /// Of a noun without rules of its own for one record.
    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        return change.after
    }
    package static func check(_ key: Key, in contents: FleetSnapshot.Contents) throws {}
    package static func check(
        all changed: [Key], in snapshot: FleetSnapshot, since before: FleetSnapshot, within plan: AddressPlan
    ) throws {}
    /// For people.
    private static var noun: String { kind.replacing("-", with: " ") }

    package static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String {
        "\(noun) \(change.key) \(change.act(in: snapshot))"
    }
    package static func consequence(_ edits: ArraySlice<FleetEdit>) -> String? { nil }
    package static func existing(_ key: Key) -> Sentence { "\(Sentence(phrase: noun)) \(key) already exists" }
    package static func missing(_ key: Key) -> Sentence { "there is no \(Sentence(phrase: noun)) \(key)" }
    package static func requireRemovable(_ key: Key) throws(InvalidSetting) {}
    package static func places(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [GroupPath] {
        [.site]
    }
    package static func heritage(
        of change: RecordChange<Self>, in snapshot: FleetSnapshot, undoneSince date: Int?
    ) -> [GroupPath] { [] }
    package static func permission(for change: RecordChange<Self>, in snapshot: FleetSnapshot) -> Permission {
        .configure
    }
    package static func grants(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [Grant] { [] }
    package var place: GroupPath { .site }
    package static func reach(of change: RecordChange<Self>) -> EditReach { .none }
    package static var shapesAddresses: Bool { false }
    package static var hasSettings: Bool { false }
    package static var sealedSecrets: Set<String> { [] }
    package static var undo: Undoing { .restores }
    package static func undoProblem(from before: Self?, to after: Self?) -> Sentence? { nil }
    package static var declaredForm: (any DeclaredForm.Type)? { nil }
    package var isClosed: Bool { false }
    package var otherNames: [String] { [] }
    package func means(_ other: Self) -> Bool { self == other }
    package func revealed(by stored: Self?) -> Self { self }
    package func restored(over present: Self?) -> Self { self }
}

/// The nouns of the configuration: the only place that names them all. Those that files of the configuration have come first, each behind
/// those that it may name: they are written and made in this order.
package enum FleetRecords {
    package static let all: [any FleetRecord.Type] = [
        NodeGroup.self, ImageSettings.self, MatchRule.self, Node.self, Network.self, DHCPReservation.self,
        LoaderRule.self, Secret.self, TerminalServer.self, TerminalPool.self, DirectoryAccount.self,
        ImageChannel.self, ImageKeep.self, Administrator.self, Schedule.self, NamedHook.self,
        ImageTag.self, ChannelMove.self, Volume.self, Rollout.self, KeptFile.self, StoredFile.self,
        BoundTPM.self, HostKeyName.self, AppliedRecord.self, APIToken.self, BoardLink.self,
        WebHook.Record.self,
    ]

    private static let byKind = Dictionary(uniqueKeysWithValues: all.map { ($0.kind, $0) })

    /// Nil for a kind that is not part of the configuration.
    package static func named(_ kind: String) -> (any FleetRecord.Type)? { byKind[kind] }
}

package import Wire

/// Why the store did not do as told. Closed on purpose: the API answers 404, 409 and 503, the CLI ends with 3, 4 and 5.
package enum StoreError: Error {
    case notFound(String)
    case conflict(String)
    case unavailable(any Error)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let what): what
        case .conflict(let what): what
        case .unavailable(let cause): "the store cannot be used: \(cause)"
        }
    }
}

/// One change of the configuration: what somebody did in one go.
package struct Revision: Equatable, Sendable, Codable {
    /// One record that it replaced, with the JSON of before and after.
    package struct Edit: Equatable, Sendable, Codable {
        /// `node`, `group`, `rule`, `channel`, `version`, `administrator`.
        package var kind: String
        package var key: String
        /// Nil: it was not there.
        package var before: String?
        /// Nil: it is gone.
        package var after: String?

        package init(kind: String, key: String, before: String?, after: String?) {
            self.kind = kind
            self.key = key
            self.before = before
            self.after = after
        }
    }

    package var number: Int
    /// Seconds since 1970.
    @SecondTimestamp package var at: Int
    package var who: String
    package var what: String
    /// At most `editLimit` of them; empty where a list of revisions leaves them out.
    package var edits: [Edit]

    /// Edits of one revision that are shown.
    package static let editLimit = 1_000

    package init(number: Int, at: Int, who: String, what: String, edits: [Edit] = []) {
        self.number = number
        self.at = at
        self.who = who
        self.what = what
        self.edits = edits
    }
}

/// Which revisions are asked for.
package struct RevisionFilter: Equatable, Sendable {
    /// Only of this kind and key: what happened to one node.
    package var kind: String?
    package var key: String?
    package var who: String?
    /// Only revisions before this number: the next page.
    package var before: Int?
    package var limit: Int

    package init(
        kind: String? = nil, key: String? = nil, who: String? = nil, before: Int? = nil, limit: Int = 50
    ) {
        self.kind = kind
        self.key = key
        self.who = who
        self.before = before
        self.limit = limit
    }
}

/// The configuration and the history of a fleet, in the domain's words. Every change is a revision.
package protocol FleetStore: AdministratorStore, WebHookStore {
    /// Everything that the data planes need, as it is now.
    func snapshot() async throws(StoreError) -> FleetSnapshot

    /// The configuration as it was at that second, with today's knowledge of hardware and cards.
    func snapshot(at second: Int) async throws(StoreError) -> FleetSnapshot

    /// Appends a change as one revision.
    ///
    /// - Parameter what: one line for people.
    /// - Returns: the new revision's number; nil when the stored revision is no longer the one that the change was checked against.
    func apply(_ change: CheckedChange, by who: String, what: String) async throws(StoreError) -> Int?

    /// The first of the records that `edits` are about which has changed after revision `number`, as `node pc-1`; nil when none has.
    func changed(_ edits: [FleetEdit], since number: Int) async throws(StoreError) -> String?

    /// The edits that would take revision `number` back; throws `.conflict` when something of it was changed since.
    func inverse(of number: Int) async throws(StoreError) -> [FleetEdit]

    /// Enters a version, with the next number of its image. ``ImageVersion/edits(whenNewIn:)`` are made with it.
    ///
    /// - Returns: the version; the one that is there when the digest is known already.
    func addVersion(
        _ manifest: ImageManifest, digest: Digest, signatures: [ImageSignature], by who: String
    ) async throws(StoreError) -> ImageVersion

    /// Removes a version; throws what ``ImageCatalogue/requireRemovable(_:)`` throws.
    func remove(_ version: ImageVersion, by who: String) async throws(StoreError)

    /// Versions that were there once, and whose files may go.
    func removedVersions() async throws(StoreError) -> [ImageName: Set<Digest>]

    /// The changes that fit, newest first, without their edits.
    func revisions(_ filter: RevisionFilter) async throws(StoreError) -> [Revision]

    /// One change with its edits.
    func revision(_ number: Int) async throws(StoreError) -> Revision

    /// Keeps what a machine is made of, when it differs from what is known.
    ///
    /// - Returns: what is known now; nil when it is what was known.
    func save(_ hardware: Hardware, of machine: MACAddress) async throws(StoreError) -> Hardware?

    /// Keeps in which machines cards were seen, in the order of the changes; that is no change of the configuration.
    func save(_ changes: [LearnedCards.Change]) async throws(StoreError)

    /// What a machine was made of, newest first.
    func hardwareHistory(of machine: MACAddress) async throws(StoreError) -> [HardwareRecord]

    /// Roll-outs with numbers below `before` (nil: all), newest first.
    func rollouts(before: Int?, limit: Int) async throws(StoreError) -> [Rollout]

    func rollout(_ id: Int) async throws(StoreError) -> Rollout

    /// Keeps what boots have shown; that is no change of the configuration.
    ///
    /// - Parameters:
    ///   - rollouts: those that are over in the store stay as they are.
    ///   - troubles: nil where there is none any more.
    func save(_ rollouts: [Rollout], troubles: [MACAddress: BootTrouble?]) async throws(StoreError)

    /// Keeps a volume that the server has made or changed for a node that boots; that is no change of the configuration.
    func save(_ volume: Volume) async throws(StoreError)

    /// Keeps how the last boot test of a version went.
    func save(_ test: BootTest) async throws(StoreError)

    func bootTest(of image: ImageName, _ number: Int) async throws(StoreError) -> BootTest?

    /// Whether the last boot test of each version passed, by its number; versions without one are left out.
    func bootTestVerdicts(of image: ImageName) async throws(StoreError) -> [Int: Bool]

    /// Deletes the boots and the hardware of machines.
    func forget(_ machines: [MACAddress]) async throws(StoreError)

    func append(_ events: [BootEvent]) async throws(StoreError)

    /// The wall clock was set: log-ins, tokens and boots of the last hour move with it, in one transaction.
    func move(with jump: ClockJump) async throws(StoreError)

    /// The last second since 1970 at which a user logged in, a token was made or used, or a machine booted; nil: never.
    func newestSecond() async throws(StoreError) -> Int?

    /// The last boots of one machine, or of all, newest first.
    func boots(of machine: MACAddress?, limit: Int) async throws(StoreError) -> [BootTimeline]

    /// The last boot of every machine that was ever seen.
    func lastBoots() async throws(StoreError) -> [BootTimeline]
}

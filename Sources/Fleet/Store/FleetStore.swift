package import Wire

/// Why the store refused or failed. A closed set: the API answers 404, 409 and 503, and the CLI exits with 3, 4 and 5.
package enum StoreError: Error {
    case notFound(Sentence)
    case conflict(Sentence)
    case unavailable(any Error)
}

extension StoreError: CustomStringConvertible {
    package var description: String { sentence.english }

    /// What pages translate.
    package var sentence: Sentence {
        switch self {
        case .notFound(let what), .conflict(let what): what
        case .unavailable(let cause): "the store cannot be used: \(Sentence(of: cause))"
        }
    }
}

/// One change to the configuration, made in one go.
package struct Revision: Equatable, Sendable, Codable {
    /// One replaced record, with its JSON before and after.
    package struct Edit: Equatable, Sendable, Codable {
        /// `node`, `group`, `rule`, `channel`, `version`, `administrator`.
        package var kind: String
        package var key: String
        /// Nil: it did not exist.
        package var before: String?
        /// Nil: it was removed.
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
    /// At most `editLimit`; empty in lists of revisions.
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

/// A query for revisions.
package struct RevisionFilter: Equatable, Sendable {
    /// Only of this kind and key: the history of one node.
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

/// The configuration and history of a fleet, in terms of the domain. Every change is a revision.
package protocol FleetStore: AdministratorStore, AgentStore, BoardLinkStore, ScheduleStore, TerminalStore,
    WebHookStore
{
    /// Everything that the data planes need, in its present state.
    func snapshot() async throws(StoreError) -> FleetSnapshot

    /// The configuration at that second, with today's observations of hardware and cards.
    func snapshot(at second: Int) async throws(StoreError) -> FleetSnapshot

    /// Appends a change as one revision.
    ///
    /// - Parameter what: one line for people.
    /// - Returns: the new revision's number; nil when the stored revision is no longer the one that the change was checked against.
    func apply(_ change: CheckedChange, by who: String, what: String) async throws(StoreError) -> Int?

    /// Enters a revision behind all those up to `given`, which machines have seen and this state does not have, and ends log-ins.
    ///
    /// - Returns: what is missing; nil: nothing is.
    func passOver(to given: Int) async throws(StoreError) -> LostRevisions?

    /// The last that were passed over.
    func lostRevisions() async throws(StoreError) -> LostRevisions?

    /// The first record of `edits` that changed after revision `number`, as `node pc-1`; nil when none has.
    func changed(_ edits: [FleetEdit], since number: Int) async throws(StoreError) -> String?

    /// What revision `number` replaced, in order, with secrets in clear; empty when there is no such revision.
    func edits(of number: Int) async throws(StoreError) -> [PastEdit]

    /// Adds a version with the next number of its image, together with ``ImageVersion/edits(whenNewIn:)``.
    ///
    /// - Returns: the version; the existing one if the digest is known already.
    func addVersion(
        _ manifest: ImageManifest, digest: Digest, signatures: [ImageSignature], by who: String
    ) async throws(StoreError) -> ImageVersion

    /// Removes a version; throws what ``FleetSnapshot/requireRemovable(_:)`` throws for the configuration at that moment.
    func remove(_ version: ImageVersion, by who: String) async throws(StoreError)

    /// Removed versions, whose files may be deleted.
    func removedVersions() async throws(StoreError) -> [ImageName: Set<Digest>]

    /// The content kept beside a stored file; nil when there is none, or it is sealed with another key.
    func content(of file: StoredFileName) async throws(StoreError) -> [UInt8]?

    /// The matching changes, newest first, without their edits.
    func revisions(_ filter: RevisionFilter) async throws(StoreError) -> [Revision]

    /// One change with its edits.
    func revision(_ number: Int) async throws(StoreError) -> Revision

    /// Stores a machine's hardware if it changed.
    ///
    /// - Returns: the hardware known now; nil if it did not change.
    func save(_ hardware: Hardware, of machine: MACAddress) async throws(StoreError) -> Hardware?

    /// Stores which machines cards were seen in, in the order of the changes; this does not change the configuration.
    func save(_ changes: [LearnedCards.Change]) async throws(StoreError)

    /// Stores how steps ended; of each machine, those of its last boots stay. Those that were applied to a running node are added.
    func save(_ results: [PhaseResults]) async throws(StoreError)

    /// How the steps of one boot of a machine ended, in the order of their phases.
    func steps(of machine: MACAddress, in boot: String) async throws(StoreError) -> [PhaseResults]

    /// How many milliseconds steps took that were done in the last boots of these machines, by name. At most a thousand machines.
    func stepDurations(of machines: [MACAddress]) async throws(StoreError) -> [String: [Int]]

    /// Those phases of every machine's last boot in which a step failed.
    func failedSteps() async throws(StoreError) -> [PhaseResults]

    /// Stores the receipts of what is armed for boots of nodes, each before its secrets go out, all in one transaction.
    func claim(_ claims: [SecretClaim]) async throws(StoreError) -> [SecretDelivery]

    /// Stores the TPMs that nodes have shown for the first time; this does not change the configuration.
    ///
    /// - Returns: those that are bound now. Nodes that are gone, or bound already, stay as they are.
    func bind(_ tpms: [BoundTPM]) async throws(StoreError) -> [BoundTPM]

    /// Keeps refusals because of a TPM; nil takes one away.
    func save(refusals: [MACAddress: NodeAlarm?]) async throws(StoreError)

    /// Those that are kept, by card.
    func refusedTPMs() async throws(StoreError) -> [MACAddress: NodeAlarm]

    /// Stores how makings ended. Of one that failed the receipt says that nothing went out, and the secret stays armed.
    func save(_ mints: [SecretMint]) async throws(StoreError)

    /// What was minted for these boots is on its way to them.
    func noteSent(_ claims: [SecretClaim]) async throws(StoreError)

    /// Makings that may have to be removed where they were made, the oldest first.
    func openMints() async throws(StoreError) -> [OpenMint]

    /// Whether any node has had a secret since it was last armed.
    func isDelivered(_ secret: SecretName, armedIn revision: Int) async throws(StoreError) -> Bool

    /// The newest receipts first.
    ///
    /// - Parameters:
    ///   - secret: nil: of all secrets.
    ///   - node: nil: of all nodes.
    func receipts(of secret: SecretName?, node: NodeName?, limit: Int) async throws(StoreError)
        -> [SecretReceipt]

    /// The history of a machine's hardware, newest first.
    func hardwareHistory(of machine: MACAddress) async throws(StoreError) -> [HardwareRecord]

    /// Roll-outs with numbers below `before` (nil: all), newest first.
    func rollouts(before: Int?, limit: Int) async throws(StoreError) -> [Rollout]

    func rollout(_ id: Int) async throws(StoreError) -> Rollout

    /// Stores the results of boots; this does not change the configuration.
    ///
    /// - Parameters:
    ///   - rollouts: those that are finished in the store stay unchanged.
    ///   - troubles: nil when a machine's trouble is over.
    func save(_ rollouts: [Rollout], troubles: [MACAddress: BootTrouble?]) async throws(StoreError)

    /// Stores a volume that the server made or changed for a booting node; this does not change the configuration.
    func save(_ volume: Volume) async throws(StoreError)

    /// Stores the result of a version's last boot test.
    func save(_ test: BootTest) async throws(StoreError)

    func bootTest(of image: ImageName, _ number: Int) async throws(StoreError) -> BootTest?

    /// Whether the last boot test of each version passed, by number; untested versions are left out.
    func bootTestVerdicts(of image: ImageName) async throws(StoreError) -> [Int: Bool]

    /// Deletes the boots and the hardware of machines.
    func forget(_ machines: [MACAddress]) async throws(StoreError)

    /// - Parameter attended: boots in which machines ask for orders; their events are there before.
    func append(_ events: [BootEvent], attended: [AttendedBoot]) async throws(StoreError)

    /// The wall clock was set: log-ins, tokens and boots of the last hour move with it, in one transaction.
    func move(with jump: ClockJump) async throws(StoreError)

    /// The latest second since 1970 when a user logged in, a token was created or used, or a machine booted; nil: never.
    func newestSecond() async throws(StoreError) -> Int?

    /// The last boot of each machine at the end of a second since 1970, as far as it had come then.
    func boots(at second: Int) async throws(StoreError) -> [BootTimeline]

    /// The last boots of one machine, or of all but those that are hidden; the one that began last comes first.
    func boots(of machine: MACAddress?, hiding hidden: Set<MACAddress>, limit: Int) async throws(StoreError)
        -> [BootTimeline]

    /// The last boot of every machine ever seen.
    func lastBoots() async throws(StoreError) -> [BootTimeline]
}

extension FleetStore {
    package func append(_ events: [BootEvent]) async throws(StoreError) {
        try await append(events, attended: [])
    }

    /// The last boots of one machine, or of all; the one that began last comes first.
    package func boots(of machine: MACAddress?, limit: Int) async throws(StoreError) -> [BootTimeline] {
        try await boots(of: machine, hiding: [], limit: limit)
    }
}
